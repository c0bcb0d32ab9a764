"""How each service ends as a pod does: it says so at once, serves for a while still, and then goes; and where it
listens. Real processes. What runs in a gateway when it ends is `test_drain`'s."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from routeiq.kit.key_files import load_private_key
from routeiq.kit.signing import HEADER
from tests.support.assertions import good
from tests.support.fleet import HEADERS, Fleet, fleet_in
from tests.support.waiting import LONGER_S, PATIENCE_S

DELAY_S = 1.0
HTTP = ("gateway", "control", "config-sync", "a2a-registry", "mcp-registry")
GRPC = {"routing": "routing", "control": "control-grpc"}
SERVICES = (*HTTP, "routing")
SERVING = health_pb2.HealthCheckResponse.SERVING

pytestmark = pytest.mark.timeout(600)


def prefix(service: str) -> str:
    return f"ROUTEIQ_{service.upper().replace('-', '_')}_"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_in(tmp_path) as made:
        yield made


def started(fleet: Fleet, service: str, **settings: str) -> None:
    fleet.own[service] = {f"{prefix(service)}{name}": value for name, value in settings.items()}
    fleet.start(service)
    fleet.wait(service)


def page(fleet: Fleet, service: str, name: str) -> int:
    return httpx.get(f"http://127.0.0.1:{fleet.ports[f'{service}-ops']}/_health/{name}", timeout=PATIENCE_S).status_code


def health(fleet: Fleet, service: str, host: str = "127.0.0.1") -> int:
    """What a kubelet finds, which has no assertion."""
    with grpc.insecure_channel(f"{host}:{fleet.ports[GRPC[service]]}") as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE_S)  # type: ignore[no-untyped-call]
        return int(answer.status)


def asked(fleet: Fleet, service: str, client: httpx.Client) -> httpx.Response:
    """One answer of its API."""
    if service == "gateway":
        return client.get(f"{fleet.url_of(service)}/v1/models", headers=HEADERS)
    assertion = good(load_private_key(fleet.folder / "identity.key"), service)
    return client.get(f"{fleet.url_of(service)}/nowhere", headers={HEADER: assertion})


def wait_until_unready(fleet: Fleet, service: str) -> float:
    """Returns: the seconds that it took."""
    begun = time.monotonic()
    while page(fleet, service, "ready") != 503:
        assert time.monotonic() - begun < PATIENCE_S, "readiness never said no"
        time.sleep(0.02)
    return time.monotonic() - begun


@pytest.mark.parametrize("service", HTTP)
def test_it_is_unready_at_once_and_serves_for_the_delay(fleet: Fleet, service: str) -> None:
    started(fleet, service, DRAIN_DELAY_S=str(LONGER_S))
    expected = 200 if service == "gateway" else 404
    with httpx.Client(timeout=PATIENCE_S) as kept:
        before = asked(fleet, service, kept)
        assert (before.status_code, before.headers.get("connection")) == (expected, None)
        fleet.processes[service].send_signal(signal.SIGTERM)
        wait_until_unready(fleet, service)
        assert page(fleet, service, "live") == 200
        after = asked(fleet, service, kept)
        assert (after.status_code, after.headers.get("connection")) == (expected, "close")
        assert asked(fleet, service, kept).status_code == expected, "a new connection is taken, too"
    fleet.stop(service, signal.SIGKILL)


@pytest.mark.parametrize("service", HTTP)
def test_it_ends_by_itself_after_the_delay(fleet: Fleet, service: str) -> None:
    started(fleet, service, DRAIN_DELAY_S=str(DELAY_S))
    begun = time.monotonic()
    assert fleet.stop(service) == 0
    assert time.monotonic() - begun >= DELAY_S


@pytest.mark.parametrize("service", GRPC)
def test_grpc_health_needs_no_assertion_and_ends_with_the_service(fleet: Fleet, service: str) -> None:
    started(fleet, service, DRAIN_DELAY_S=str(LONGER_S))
    assert health(fleet, service) == SERVING
    fleet.processes[service].send_signal(signal.SIGTERM)
    wait_until_unready(fleet, service)
    assert page(fleet, service, "live") == 200
    if service == "routing":
        assert health(fleet, service) == health_pb2.HealthCheckResponse.NOT_SERVING
    fleet.stop(service, signal.SIGKILL)
    started(fleet, service, DRAIN_DELAY_S=str(DELAY_S))
    assert fleet.stop(service) == 0


def takes(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), PATIENCE_S).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_every_port_listens_everywhere(fleet: Fleet, host: str) -> None:
    own = "127.0.0.1" if host == "0.0.0.0" else "::1"
    if own == "::1" and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    for service in SERVICES:
        fleet.own[service] = {f"{prefix(service)}{name}": host for name in ("HOST", "OPS_HOST")}
        fleet.start(service)
    for service in SERVICES:
        fleet.wait(service)
    names = [*SERVICES, *(f"{one}-ops" for one in SERVICES), "control-grpc"]
    outside = socket.gethostbyname(socket.gethostname())
    closed = [(one, at) for one in names for at in {own, "127.0.0.1", outside} if not takes(at, fleet.ports[one])]
    assert closed == []


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("service", ["gateway", "routing", "control"])
def test_the_second_port_has_an_address_of_its_own(fleet: Fleet, service: str) -> None:
    started(fleet, service, HOST="127.0.0.2", OPS_HOST="127.0.0.1")
    assert takes("127.0.0.2", fleet.ports[service])
    assert not takes("127.0.0.1", fleet.ports[service])
