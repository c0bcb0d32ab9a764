"""Who may speak with whom: a stranger is refused by every port that is not for clients, and each service reaches what
it needs. On a cluster that enforces policies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.support.kube import Kube
from tests.cluster.support.probe import Probe, probe
from tests.cluster.support.release import Release
from tests.cluster.support.values import SERVICES
from tests.support.target import Target

FOR_CLIENTS = {("gateway", 4000)}
SERVERS = ("postgres", "redis", "nats")
EDGES = {
    "gateway": {
        ("routing", 50051), ("control", 50052), ("control", 8130), ("config-sync", 8140), ("redis", 6379),
        ("nats", 4222), ("a2a-registry", 8110), ("mcp-registry", 8120),
    },
    "control": {("postgres", 5432), ("nats", 4222)},
    "routing": {("nats", 4222)},
    "config-sync": {("nats", 4222), ("routing", 50051)},
}  # fmt: skip
FORBIDDEN = {
    "routing": {("control", 50052), ("postgres", 5432), ("redis", 6379)},
    "control": {("redis", 6379), ("gateway", 4000), ("routing", 50051)},
    "config-sync": {("postgres", 5432), ("redis", 6379), ("control", 8130)},
    "gateway": {("postgres", 5432)},
    "mcp-registry": {("postgres", 5432), ("control", 50052)},
}
"""Of what a stolen pod would like."""


@pytest.fixture(scope="module", autouse=True)
def _enforced(target: Target) -> None:
    if not target.hermetic:
        pytest.skip("whether policies are enforced is the cluster's")


def addresses(kube: Kube) -> dict[tuple[str, int], str]:
    """Each port of one pod of each component, by the pod's own address."""
    found = {}
    for component in (*SERVICES, *SERVERS):
        pod = kube.pods(component)[0]
        for container in pod["spec"]["containers"]:
            for port in container.get("ports", []):
                number = int(port["containerPort"])
                found[component, number] = f"{pod['status']['podIP']}:{number}"
    return found


@pytest.fixture
def ports(release: Release, kube: Kube) -> dict[tuple[str, int], str]:
    return addresses(kube)


def image(release: Release) -> str:
    return f"{release.values['image']['registry']}/routeiq-gateway:{release.values['image']['tag']}"


@pytest.fixture
def stranger(release: Release, kube: Kube) -> Iterator[Probe]:
    with probe(kube, "stranger", image(release), {"app": "stranger"}) as made:
        yield made


def test_a_stranger_reaches_the_gateways_api_alone(stranger: Probe, ports: dict[tuple[str, int], str]) -> None:
    assert {number for _, number in ports} >= {4000, 4001, 8130, 8131, 50051, 50052, 50061, 8140, 5432, 6379, 4222}
    reached = stranger.reaches(list(ports.values()))
    assert {at for at, address in ports.items() if reached[address]} == FOR_CLIENTS


@pytest.mark.parametrize("service", sorted(EDGES.keys() | FORBIDDEN.keys()))
def test_a_service_reaches_what_it_needs_and_no_more(
    service: str, release: Release, kube: Kube, ports: dict[tuple[str, int], str]
) -> None:
    labels = kube.pods(service)[0]["metadata"]["labels"]
    labels = {name: value for name, value in labels.items() if name != "pod-template-hash"}
    with disguised(kube, release, service, labels) as made:
        asked = EDGES.get(service, set()) | FORBIDDEN.get(service, set())
        reached = made.reaches([ports[at] for at in asked])
    assert {at for at in asked if reached[ports[at]]} == EDGES.get(service, set())


def disguised(kube: Kube, release: Release, service: str, labels: dict[str, str]) -> object:
    """A pod that policies take for one of the service's; never ready for its Service, whose ports it has not."""
    return probe(kube, f"as-{service}", image(release), labels)
