"""The fleet's document on disk: private, whole, or not there; and what a gateway starts with because of it."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from routeiq.gateway.release.beginning import begin, begin_with
from routeiq.gateway.release.kept import NAME, kept_document
from routeiq.gateway.settings import StartSettings
from routeiq.kit.errors import ConfigurationError
from tests.support.documents import bundle_of, text_of

KEPT = bundle_of(text_of("kept"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    kept_document(tmp_path / "state").write(KEPT)
    return tmp_path / "state"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(text_of("own"))
    return path


def models(settings: StartSettings, document: Path | None) -> set[str]:
    begun = begin_with(settings, document, {"ROUTEIQ_DISCOVERY": "false"})
    assert begun.empty is (not begun.start.loaded.document.models)
    return set(begun.start.state.groups) - {"all-MiniLM-L6-v2"}


def test_it_comes_back_as_it_was_for_its_owner_alone(folder: Path) -> None:
    assert kept_document(folder).read() == KEPT
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [NAME]


@pytest.mark.parametrize(
    "change", [lambda raw: raw[:-1], lambda raw: raw.replace(b"kept", b"made"), lambda raw: b"", lambda raw: raw[9:]]
)
def test_what_is_not_as_it_was_written_is_not_taken(folder: Path, change: Callable[[bytes], bytes]) -> None:
    (folder / NAME).write_bytes(change((folder / NAME).read_bytes()))
    assert kept_document(folder).read() is None


def test_what_others_could_write_is_not_taken(folder: Path) -> None:
    (folder / NAME).chmod(0o666)
    assert kept_document(folder).read() is None


def test_a_folder_that_cannot_be_written_is_said_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept_document(tmp_path / "file").write(KEPT)
    assert kept_document(tmp_path / "file").read() is None


def test_where_the_fleet_has_the_word_the_kept_one_is_served(folder: Path, own: Path) -> None:
    assert models(StartSettings(config_from="fleet", state_dir=folder), own) == {"kept"}
    assert models(StartSettings(config_from="own", state_dir=folder), own) == {"own"}


def test_without_a_kept_one_its_own_is_served_and_without_that_none(tmp_path: Path, own: Path) -> None:
    settings = StartSettings(config_from="fleet", state_dir=tmp_path / "nothing")
    assert models(settings, own) == {"own"}
    assert models(settings, None) == set()
    assert models(StartSettings(config_from="fleet"), None) == set()


def test_a_kept_one_that_no_longer_builds_is_left(folder: Path, own: Path) -> None:
    text = text_of("kept") + "general_settings: {master_key: os.environ/GONE}\n"
    kept_document(folder).write(bundle_of(text))
    assert models(StartSettings(config_from="fleet", state_dir=folder), own) == {"own"}


def test_a_wrong_word_is_said_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTEIQ_GATEWAY_CONFIG_FROM", "git")
    with pytest.raises(ConfigurationError, match="ROUTEIQ_GATEWAY_CONFIG_FROM: "):
        begin(None, {})
