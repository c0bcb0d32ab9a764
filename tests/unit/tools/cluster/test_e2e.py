"""What `make e2e-cluster` does before it does anything: where to, and which tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.cluster import e2e
from tools.cluster.errors import ClusterError
from tools.cluster.layout import Layout


@pytest.fixture
def cluster(tmp_path: Path) -> Layout:
    return Layout("routeiq-here", tmp_path / "state", tmp_path / "logs", tmp_path / "cache")


def test_all_tests_of_the_cluster_run_unless_some_are_named() -> None:
    assert e2e.chosen(["-k", "rollout"]) == ["tests/cluster", "tests/e2e", "-k", "rollout"]
    assert e2e.chosen(["tests/cluster/test_install.py", "-x"]) == ["tests/cluster/test_install.py", "-x"]


def test_processes_are_not_its_business(cluster: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RQ_E2E_TARGET", "process")
    with pytest.raises(ClusterError, match="`hermetic` or `kubeconfig`"):
        e2e.main(cluster, [])


def test_somebodys_cluster_has_to_be_named(cluster: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RQ_E2E_TARGET", "kubeconfig")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with pytest.raises(ClusterError, match="needs KUBECONFIG"):
        e2e.main(cluster, [])
