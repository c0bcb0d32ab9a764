"""Definitions of kinds: only the file that was pinned is applied, and once it is there nobody asks for it again."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tools.cluster import crds
from tools.cluster.errors import ClusterError

CONTENT = b"kind: CustomResourceDefinition\n"
PINNED = crds.Definition("example.com/shop", "v1.2.3", "crds/shop.example.com_orders.yaml", "")
PINNED = replace(PINNED, sha256=hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Go proxy's answer: the file of the module that `go mod download` has fetched."""
    module = tmp_path / "module"
    (module / "crds").mkdir(parents=True)
    (module / PINNED.file).write_bytes(CONTENT)
    go = tmp_path / "go"
    go.write_text(f'#!/bin/sh\necho \'{{"Dir": "{module}"}}\'\n')
    go.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return module / PINNED.file


def test_a_definition_is_named_as_the_api_server_names_it() -> None:
    assert PINNED.name == "orders.shop.example.com"
    assert len({one.name for one in crds.DEFINITIONS}) == len(crds.DEFINITIONS)


def test_it_is_fetched_once(proxy: Path, tmp_path: Path) -> None:
    assert crds.kept(tmp_path / "crds", PINNED).read_bytes() == CONTENT
    proxy.unlink()
    assert crds.kept(tmp_path / "crds", PINNED).read_bytes() == CONTENT


def test_another_file_than_the_pinned_one_is_not_taken(proxy: Path, tmp_path: Path) -> None:
    proxy.write_bytes(CONTENT + b"# more\n")
    with pytest.raises(ClusterError, match="another sha256"):
        crds.kept(tmp_path / "crds", PINNED)
    assert not (tmp_path / "crds").exists()


def test_a_kept_file_that_has_changed_is_fetched_anew(proxy: Path, tmp_path: Path) -> None:
    crds.kept(tmp_path / "crds", PINNED).write_bytes(b"something else")
    assert crds.kept(tmp_path / "crds", PINNED).read_bytes() == CONTENT


def test_where_go_cannot_fetch_it_go_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho no such host >&2\nexit 1\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(ClusterError, match="no such host"):
        crds.kept(tmp_path / "crds", PINNED)
