"""Settings: where they come from and what a wrong one says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from routeiq.kit.errors import ConfigurationError
from routeiq.routing.settings import SHIPPED_ARTIFACT, Settings


def test_the_environment_sets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTEIQ_ROUTING_PORT", "0")
    monkeypatch.setenv("ROUTEIQ_ROUTING_IDENTITY_PUBLIC_KEYS", f"/keys/a.pub{os.pathsep}/keys/b.pub")
    settings = Settings.read()
    assert settings.port == 0
    assert settings.identity_public_keys == (Path("/keys/a.pub"), Path("/keys/b.pub"))


def test_a_wrong_one_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTEIQ_ROUTING_PORT", "sesame")
    monkeypatch.setenv("ROUTEIQ_ROUTING_BATCH_SIZE", "0")
    with pytest.raises(ConfigurationError) as caught:
        Settings.read()
    assert [one.split(":")[0] for one in caught.value.problems] == [
        "ROUTEIQ_ROUTING_PORT",
        "ROUTEIQ_ROUTING_BATCH_SIZE",
    ]
    assert "sesame" not in caught.value.message


def test_they_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


def test_threads_follow_the_machine_unless_given() -> None:
    assert Settings(threads=3).encoder_threads == 3
    assert Settings().encoder_threads == min(2, os.cpu_count() or 1)


def test_only_the_shipped_artifact_needs_no_signature(tmp_path: Path) -> None:
    assert Settings().may_be_unsigned(SHIPPED_ARTIFACT)
    assert not Settings().may_be_unsigned(tmp_path)
    assert Settings(allow_unsigned=True).may_be_unsigned(tmp_path)


def test_roots_are_the_artifacts_folder_and_those_given(tmp_path: Path) -> None:
    settings = Settings(artifact_dir=tmp_path / "a" / "one", artifact_roots=(tmp_path / "b",))
    assert settings.roots == ((tmp_path / "a").resolve(), (tmp_path / "b").resolve())
