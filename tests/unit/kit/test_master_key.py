"""The master key: what is refused, and that a made one is private, kept, and made once."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from routeiq.kit import private_files
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.master_key import WELL_KNOWN, generate, load, load_or_create, refuse_well_known, weakness


@pytest.mark.parametrize("key", [*sorted(WELL_KNOWN), "SK-1234", "Sk-Master-Key", "sk-xxxxxxxxxxxxxxxx", "0000000000"])
def test_well_known_key_is_refused(key: str) -> None:
    assert weakness(key) is not None


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "is empty"),
        ("  \t", "is empty"),
        ("sk-ab12", "is shorter than 8"),
        ("os.environ/LITELLM_MASTER_KEY", "is a reference"),
        ("env/LITELLM_MASTER_KEY", "is a reference"),
        ("${LITELLM_MASTER_KEY}", "is a reference"),
        ("sk-with a space", "holds characters"),
        ("sk-line\nbreak-12", "holds characters"),
        ("sk-schlüssel-9", "holds characters"),
    ],
)
def test_unusable_key_is_refused_with_a_reason_that_does_not_repeat_it(key: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        refuse_well_known(key, source="SOME_NAME")
    (problem,) = raised.value.problems
    assert problem.startswith(f"SOME_NAME {reason}")
    assert not key.strip() or key not in problem


def test_usable_key_is_given_back() -> None:
    assert refuse_well_known("sk-9fK2mQ7x") == "sk-9fK2mQ7x"


def test_generated_keys_differ_and_are_usable() -> None:
    keys = {generate() for _ in range(50)}
    assert len(keys) == 50
    assert all(weakness(key) is None and key.startswith("sk-") and len(key) >= 35 for key in keys)


def test_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    first, second = load_or_create(path), load_or_create(path)
    assert (first.created, second.created) == (True, False)
    assert first.key == second.key == load(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["master.key"]
    assert first.key not in repr(first)


def test_racing_starts_end_up_with_one_key(tmp_path: Path) -> None:
    path, barrier, found = tmp_path / "k", threading.Barrier(8), []

    def start() -> None:
        barrier.wait()
        found.append(load_or_create(path))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.key for one in found}) == 1
    assert sum(one.created for one in found) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "k"
    key = load_or_create(path).key
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="lets others read it; run chmod 600") as raised:
        load_or_create(path)
    assert key not in str(raised.value)


def test_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    load_or_create(target)
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("link", "dangling"):
        with pytest.raises(ConfigurationError, match="cannot read the master key"):
            load_or_create(tmp_path / name)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "is empty"), (b"sk-1234\n", "is a well-known"), (b"\xff\xfe", "does not hold a master key")],
)
def test_file_without_a_usable_key_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "k"
    private_files.create(path, content)
    with pytest.raises(ConfigurationError, match=reason):
        load(path)


def test_missing_key_and_missing_folder_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no master key yet"):
        load(tmp_path / "none")
    with pytest.raises(ConfigurationError, match="cannot keep the master key"):
        load_or_create(tmp_path / "no" / "folder")


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(ConfigurationError, match="it is not a regular file"):
        load(tmp_path / "pipe")


def test_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "k"
    load_or_create(path)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(ConfigurationError, match="it belongs to another user"):
        load(path)


def test_draft_is_removed_when_the_file_exists(tmp_path: Path) -> None:
    path = tmp_path / "k"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        private_files.create(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
