"""Who may speak with whom, as the guide's table has it: each line of it passes and nothing else does, from whatever the
chart starts to every port that it opens, and to addresses outside. On a cluster that enforces policies."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

import pytest

from tests.cluster.support.kube import Kube
from tests.cluster.support.outside import served
from tests.cluster.support.probe import LISTENS, Probe, probe
from tests.cluster.support.release import Release
from tests.cluster.support.values import SERVICES
from tests.support.chart import COMPONENT
from tests.support.edges import API, INTERNET, METADATA, NEIGHBOURS, PRIVATE, PUBLIC, inner, outer
from tests.support.target import FOUND, SERVERS, Target
from tools.cluster.layout import API_SERVICE

JOBS = ("migrate", "test")
GONE = {"keys"}
"""A hook, whose policy comes before it and goes with it."""
HTTPS = 443
STRANGER = ("stranger", LISTENS)
Port = tuple[str, int]
"""Of a component, or of an address outside."""


pytestmark = pytest.mark.skipif(
    FOUND is None or not FOUND.hermetic, reason="whether policies are enforced is the cluster's"
)


@pytest.fixture(scope="module")
def inside(release: Release, kube: Kube) -> dict[Port, str]:
    """Each port of one pod of each component, by the pod's own address."""
    found = {}
    for component in (*SERVICES, *SERVERS):
        pod = kube.pods(component)[0]
        for container in pod["spec"]["containers"]:
            for port in container.get("ports", []):
                number = int(port["containerPort"])
                found[component, number] = f"{pod['status']['podIP']}:{number}"
    return found


@pytest.fixture(scope="module")
def outside(release: Release, target: Target) -> Iterator[dict[Port, str]]:
    addresses = ipv4(PUBLIC, PRIVATE, METADATA)
    with served(addresses, HTTPS, target.environ):
        yield {(one, HTTPS): f"{one}:{HTTPS}" for one in (*addresses, API_SERVICE)}


@pytest.fixture(scope="module")
def stranger(release: Release, kube: Kube) -> Iterator[Probe]:
    """A pod beside the suite, which no policy is about."""
    with probe(kube, "stranger", image(release), {"app": "stranger"}) as made:
        yield made


@pytest.fixture(scope="module")
def ports(inside: dict[Port, str], outside: dict[Port, str], stranger: Probe) -> dict[Port, str]:
    return {**inside, **outside, STRANGER: stranger.address}


@pytest.fixture
def labels(release: Release, kube: Kube) -> dict[str, dict[str, str]]:
    """By which the policy of each component knows its pods."""
    selected = [one["spec"]["podSelector"]["matchLabels"] for one in kube.items("networkpolicies")]
    return {one[COMPONENT]: one for one in selected}


def test_a_stranger_reaches_of_the_suite_the_gateways_api_alone(stranger: Probe, ports: dict[Port, str]) -> None:
    opened = {number for _, number in ports}
    assert opened >= {4000, 4001, 8130, 8131, 50051, 50052, 50061, 8140, 8110, 8120, 5432, 6379, 4222}
    by_anybody = {
        ("gateway", 4000),
        STRANGER,
        *((one, HTTPS) for one in (*ipv4(PUBLIC, PRIVATE, METADATA), API_SERVICE)),
    }
    assert reached(stranger, ports) == by_anybody


def test_every_policy_is_tried(labels: dict[str, dict[str, str]]) -> None:
    assert labels.keys() == {*SERVICES, *SERVERS, *JOBS}
    assert {caller for caller, _, _ in inner()} | {caller for caller, _ in outer()} <= labels.keys() | GONE


@pytest.mark.parametrize("caller", [*SERVICES, *SERVERS, *JOBS])
def test_it_reaches_what_the_guide_says_and_no_more(
    caller: str, release: Release, kube: Kube, ports: dict[Port, str], labels: dict[str, dict[str, str]]
) -> None:
    with probe(kube, f"as-{caller}", image(release), labels[caller]) as made:
        assert reached(made, ports) == allowed(caller)


def allowed(caller: str) -> set[Port]:
    """No private address belongs to the internet; one may be that of Kubernetes' API; a cloud's metadata service is
    neither."""
    outside = {callee for one, callee in outer() if one == caller}
    addresses = set(ipv4(PUBLIC)) if outside & {INTERNET, API} else set()
    addresses |= {*ipv4(PRIVATE), API_SERVICE} if API in outside else set()
    found = {(callee, port) for one, callee, port in inner() if one == caller} | {(one, HTTPS) for one in addresses}
    return found | ({STRANGER} if NEIGHBOURS in outside else set())


def reached(made: Probe, ports: dict[Port, str]) -> set[Port]:
    found = made.reaches(list(ports.values()))
    return {at for at, address in ports.items() if found[address]}


def ipv4(*addresses: Iterable[str]) -> list[str]:
    """The cluster knows no other."""
    return [one for some in addresses for one in some if ipaddress.ip_address(one).version == 4]


def image(release: Release) -> str:
    return f"{release.values['image']['registry']}/routeiq-gateway:{release.values['image']['tag']}"
