"""Each internal port of each service as a process: without an assertion, or with one that is not for it, nothing."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.api.control.v1 import control_pb2 as control
from routeiq.api.routing.v1 import routing_pb2 as routing
from routeiq.kit.key_files import load_private_key
from routeiq.kit.rpc_client import AUTHORIZATION, open_channel
from routeiq.kit.signing import HEADER
from tests.support.assertions import bad, good
from tests.support.fleet import Fleet, fleet_in
from tests.support.waiting import PATIENCE_S

HTTP = ("control", "a2a-registry", "mcp-registry", "config-sync")
CALLS = {
    "control-grpc": ("control", "/routeiq.api.control.v1.ControlService/GetOverlay", control.GetOverlayRequest()),
    "routing": ("routing", "/routeiq.api.routing.v1.RoutingService/GetInfo", routing.GetInfoRequest()),
}

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet_in(tmp_path_factory.mktemp("fleet")) as made:
        for process in (*HTTP, "routing"):
            made.start(process)
        for process in (*HTTP, "routing"):
            made.wait(process)
        yield made


@pytest.fixture
def key(fleet: Fleet) -> Ed25519PrivateKey:
    return load_private_key(fleet.folder / "identity.key")


@pytest.mark.parametrize("service", HTTP)
def test_http(fleet: Fleet, key: Ed25519PrivateKey, service: str) -> None:
    statuses = {}
    for what, assertion in bad(key, service).items():
        headers = {HEADER: assertion} if assertion is not None else {}
        statuses[what] = httpx.get(f"{fleet.url_of(service)}/key/list", headers=headers, timeout=PATIENCE_S).status_code
    assert set(statuses.values()) == {401}, statuses
    answer = httpx.get(f"{fleet.url_of(service)}/nowhere", headers={HEADER: good(key, service)}, timeout=PATIENCE_S)
    assert answer.status_code == 404


@pytest.mark.parametrize("port", CALLS)
async def test_grpc(fleet: Fleet, key: Ed25519PrivateKey, port: str) -> None:
    service, method, request = CALLS[port]
    channel = open_channel(f"127.0.0.1:{fleet.ports[port]}")
    call = channel.unary_unary(method, type(request).SerializeToString, lambda raw: raw)
    codes = {}
    for what, assertion in bad(key, service).items():
        metadata = ((AUTHORIZATION, f"Bearer {assertion}"),) if assertion is not None else ()
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(request, timeout=PATIENCE_S, metadata=metadata)
        codes[what] = refused.value.code()
    assert set(codes.values()) == {grpc.StatusCode.UNAUTHENTICATED}, codes
    await call(request, timeout=PATIENCE_S, metadata=((AUTHORIZATION, f"Bearer {good(key, service)}"),))
    await channel.close()
