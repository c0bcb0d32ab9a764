"""What stands in the way of a cluster is said before anything is built."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.cluster import able
from tools.cluster.errors import ClusterError


def test_who_is_not_root_hears_nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    [said] = able.hindrances(tmp_path / "state")
    assert "sudo" in said


def test_each_reason_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of root in a container that may do nothing."""
    _let_nothing(monkeypatch, tmp_path / "bin")
    with pytest.raises(ClusterError, match=r"namespaces of its own(.|\n)*containers' file systems"):
        able.require(tmp_path / "lib" / "state")
    assert list((tmp_path / "lib").iterdir()) == []


def _let_nothing(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    folder.mkdir()
    refusing = folder / "unshare"
    refusing.write_text("#!/bin/sh\necho Operation not permitted >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(able.processes, "tools_path", lambda: str(folder))
