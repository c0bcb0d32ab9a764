"""Which database `routeiq up` works with, and which of them it migrates."""

from __future__ import annotations

from pathlib import Path

import pytest

from routeiq.embedded.data_dir import DataDir
from routeiq.embedded.topology import Options, control_settings, database_notes

OURS, ANYBODYS = "ROUTEIQ_CONTROL_DATABASE_URL", "DATABASE_URL"
ADDRESS = "postgresql://me:s3cret@db.example:5432/app"


def chosen(folder: Path, monkeypatch: pytest.MonkeyPatch, **environ: str) -> tuple[str, bool]:
    """The address, and whether it is migrated. What `.env` has is in `environ` alone."""
    for name in (OURS, ANYBODYS, "ROUTEIQ_CONTROL_MIGRATE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with DataDir(folder) as data:
        settings = control_settings(data, Options(folder, "127.0.0.1", 0, environ=environ), "nats://127.0.0.1:1")
    assert settings.database_url is not None
    return settings.database_url.get_secret_value(), settings.migrate


def test_its_own_is_in_the_data_directory_and_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(tmp_path, monkeypatch) == (f"sqlite:///{tmp_path}/control.db", True)
    assert database_notes({}) == []


def test_what_is_named_for_anybody_is_left_alone_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chosen(tmp_path, monkeypatch, DATABASE_URL=ADDRESS) == (f"sqlite:///{tmp_path}/control.db", True)
    (said,) = database_notes({ANYBODYS: ADDRESS})
    assert said.startswith("warning: DATABASE_URL is not used here")
    assert OURS in said


@pytest.mark.parametrize(("told", "migrated"), [({}, False), ({"ROUTEIQ_CONTROL_MIGRATE": "true"}, True)])
def test_one_that_is_named_for_control_is_used_and_migrated_if_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: dict[str, str], migrated: bool
) -> None:
    named = {OURS: ADDRESS, ANYBODYS: "postgresql://x/y", **told}
    assert chosen(tmp_path, monkeypatch, **named) == (ADDRESS, migrated)
    assert database_notes(named) == [f"database: postgresql://db.example:5432/app ({OURS})"]


def test_an_address_that_cannot_be_read_is_not_repeated() -> None:
    assert database_notes({OURS: "postgresql://me:s3cret@[x/y"}) == [
        f"database: an address that cannot be read ({OURS})"
    ]
