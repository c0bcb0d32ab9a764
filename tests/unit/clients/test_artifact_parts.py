"""What makes a folder a whole artifact, without any knowledge of what it means."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from routeiq.clients import artifact_limits
from routeiq.clients.artifact_parts import PartsInvalid, read_folder
from tests.support.artifact_folders import FILES, entry, manifest_of, sealed, write_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "artifact")


def problems(folder: Path) -> str:
    with pytest.raises(PartsInvalid) as caught:
        read_folder(folder)
    return "; ".join(caught.value.problems)


def test_a_folder_is_read_whole(folder: Path) -> None:
    (folder / "notes.txt").write_text("not in the manifest, so it stays out")
    parts = read_folder(folder)
    assert dict(parts.files) == FILES
    assert parts.signature is None
    assert parts.size == sum(map(len, FILES.values()))
    assert parts.artifact_id == json.loads(parts.manifest)["artifact_id"]


def test_the_form_of_the_manifest_does_not_matter(folder: Path) -> None:
    before = read_folder(folder)
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=4))
    assert read_folder(folder).manifest == before.manifest


def test_a_field_that_was_changed_is_found(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace("static", "knn"))
    assert "artifact_id is not the hash" in problems(folder)


def test_every_file_that_differs_is_named(folder: Path) -> None:
    (folder / "golden.json").write_bytes(b"[1")
    (folder / "card.md").write_bytes(b"longer than it was before")
    found = problems(folder)
    assert "golden.json is not the file that the manifest names" in found
    assert "card.md does not have the 9 bytes" in found


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "card.md").unlink()
    assert problems(folder) == "card.md cannot be read: No such file or directory"


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "card.md").write_bytes(FILES["card.md"])
    (folder / "card.md").unlink()
    (folder / "card.md").symlink_to(tmp_path / "card.md")
    assert problems(folder) == "card.md leads out of the artifact"


def test_a_pipe_does_not_hold_the_reader_up(folder: Path) -> None:
    (folder / "card.md").unlink()
    os.mkfifo(folder / "card.md")
    assert "card.md cannot be read" in problems(folder)


@pytest.mark.parametrize(
    "path", ["../x", "/x", "a/../b", "a//b", "./a", "a\\b", "", "a\n", "manifest.json", "manifest.sig"]
)
def test_a_path_that_is_not_plain_is_refused(folder: Path, path: str) -> None:
    (folder / "manifest.json").write_bytes(sealed({"files": [entry(path, b"")]}))
    assert "plain paths" in problems(folder)


@pytest.mark.parametrize("change", [{"bytes": -1}, {"bytes": True}, {"bytes": "1"}, {"sha256": "x"}, {"path": 1}])
def test_a_field_of_another_kind_is_refused(folder: Path, change: dict[str, Any]) -> None:
    (folder / "manifest.json").write_bytes(sealed({"files": [entry("card.md", b"") | change]}))
    assert "plain paths" in problems(folder)


def test_a_path_twice_is_refused(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(sealed({"files": [entry("card.md", b"")] * 2}))
    assert "distinct paths" in problems(folder)


def test_what_it_claims_to_hold_is_bounded(folder: Path) -> None:
    huge = entry("card.md", b"") | {"bytes": artifact_limits.MAX_BYTES + 1}
    (folder / "manifest.json").write_bytes(sealed({"files": [huge]}))
    assert "over the limit" in problems(folder)


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"{", b"\xff", b'{"a": NaN}', b"[" * 100_000])
def test_what_is_no_manifest_is_refused(folder: Path, text: bytes) -> None:
    (folder / "manifest.json").write_bytes(text)
    assert "manifest.json" in problems(folder)


def test_an_endless_signature_is_refused(folder: Path) -> None:
    (folder / "manifest.sig").write_bytes(b" " * 100_000)
    assert "manifest.sig is larger than" in problems(folder)


def test_a_manifest_names_its_content() -> None:
    assert manifest_of(FILES) != manifest_of(FILES, seed=1)
