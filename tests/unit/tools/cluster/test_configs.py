"""What the cluster's programs are told: that it stays in its own folders, and what has bitten before."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tools.cluster import containerd, control_plane, node
from tools.cluster.errors import ClusterError
from tools.cluster.layout import Layout, layout


@pytest.fixture
def cluster(tmp_path: Path) -> Layout:
    return Layout("routeiq-here", tmp_path / "state with a space", tmp_path / "logs", tmp_path / "cache")


def paths(value: object) -> list[str]:
    """Every absolute path in a configuration."""
    if isinstance(value, dict):
        return [path for inner in value.values() for path in paths(inner)]
    if isinstance(value, list):
        return [path for inner in value for path in paths(inner)]
    text = str(value).removeprefix("unix://")
    return [text] if text.startswith("/") else []


def test_containerd_writes_nowhere_else(cluster: Layout) -> None:
    config = tomllib.loads(containerd.config(cluster))
    assert [path for path in paths(config) if not path.startswith(str(cluster.state))] == ["/usr/lib/cni"]


def test_the_network_plugins_keep_addresses_with_the_cluster(cluster: Layout) -> None:
    assert paths(containerd.pod_network(cluster)) == [str(cluster.state / "containerd" / "addresses")]


def test_the_kubelet_writes_nowhere_else(cluster: Layout) -> None:
    config = node.kubelet_config(cluster)
    assert config.pop("cgroupRoot") == "/routeiq-here"
    assert [path for path in paths(config) if not path.startswith(str(cluster.state))] == []


def test_kube_proxy_leaves_the_machines_connection_tracking_alone(cluster: Layout) -> None:
    tracking = node.proxy_config(cluster.pki, "iptables")["conntrack"]
    assert isinstance(tracking, dict)
    assert set(map(str, tracking.values())) == {"0", "0s"}


def test_metrics_server_is_let_through_the_api_server(cluster: Layout) -> None:
    given = " ".join(control_plane.api_flags(cluster.pki))
    assert "--requestheader-client-ca-file=" in given
    assert "--proxy-client-cert-file=" in given


def test_every_file_that_the_control_plane_is_told_is_the_clusters(cluster: Layout) -> None:
    flags = [*control_plane.api_flags(cluster.pki), *control_plane.controller_flags(cluster.pki)]
    named = [flag.partition("=")[2] for flag in flags]
    assert all(path.startswith(str(cluster.state)) for path in named if path.startswith("/"))


def test_configurations_are_json(cluster: Layout) -> None:
    made = [node.kubelet_config(cluster), node.proxy_config(cluster.pki, "nftables"), containerd.pod_network(cluster)]
    assert [json.loads(json.dumps(one)) for one in made] == made


@pytest.mark.parametrize("name", ["..", "a/b", "A", "-/"])
def test_a_name_that_could_mean_another_cgroup_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTEIQ_CLUSTER", name)
    with pytest.raises(ClusterError, match="small letters"):
        layout()


def test_a_second_cluster_shares_no_folder_but_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    first = layout()
    monkeypatch.setenv("ROUTEIQ_CLUSTER", "other")
    second = layout()
    assert (second.name, second.cache) == ("routeiq-other", first.cache)
    assert not {second.state, second.logs} & {first.state, first.logs}
