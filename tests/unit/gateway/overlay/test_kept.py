"""The overlay on disk: private, whole, or not there."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.gateway.overlay.kept import NAME, kept_overlay


def overlay(version: int = 7) -> pb.Overlay:
    return pb.Overlay(version=version, providers=[pb.Provider(id="p", name="x", api_key="v1.sealed")])


def test_it_comes_back_as_it_was_for_its_owner_alone(tmp_path: Path) -> None:
    kept = kept_overlay(tmp_path / "state")
    assert kept.read() is None
    kept.write(overlay(7))
    kept.write(overlay(8))
    assert kept.read() == overlay(8)
    assert stat.S_IMODE((tmp_path / "state" / NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert [path.name for path in (tmp_path / "state").iterdir()] == [NAME]


def test_it_may_be_larger_than_a_key(tmp_path: Path) -> None:
    large = pb.Overlay(version=1, models=[pb.Model(id=str(i), litellm_params="x" * 1000) for i in range(1000)])
    kept_overlay(tmp_path).write(large)
    assert kept_overlay(tmp_path).read() == large


@pytest.mark.parametrize("change", [lambda raw: raw[:-1], lambda raw: raw + b"x", lambda raw: b"", lambda raw: raw[9:]])
def test_what_is_not_as_it_was_written_is_not_taken(tmp_path: Path, change) -> None:  # type: ignore[no-untyped-def]
    kept_overlay(tmp_path).write(overlay())
    path = tmp_path / NAME
    path.write_bytes(change(path.read_bytes()))
    assert kept_overlay(tmp_path).read() is None


def test_what_others_could_read_is_not_taken(tmp_path: Path) -> None:
    kept_overlay(tmp_path).write(overlay())
    (tmp_path / NAME).chmod(0o644)
    assert kept_overlay(tmp_path).read() is None


def test_a_folder_that_cannot_be_written_is_said_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept_overlay(tmp_path / "file").write(overlay())
    assert kept_overlay(tmp_path / "file").read() is None
