"""Around the methods: who is let in, health, reflection, starting before the model is there, lost connections."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import aiohttp
import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.api.routing.v1 import routing_pb2_grpc
from routeiq.clients.routing import RoutingClient, RoutingUnavailable, make_prompt
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.rpc_client import call_metadata, open_channel
from routeiq.kit.signing import AssertionSigner
from routeiq.routing.app import RoutingApp, RoutingService, launch
from routeiq.routing.artifact import ArtifactInvalid
from routeiq.routing.engine import Loaded
from routeiq.routing.servicer import SERVICE
from routeiq.routing.settings import Settings
from tests.integration.routing.conftest import Caller
from tests.support.routing import BrokenEncoder, BrokenScorer, twin_loaded
from tests.support.waiting import PATIENCE_S

QUESTION = make_prompt(["How far is the moon?"])
PRICED = [
    pb.Candidate(name="cheap", input_price=0.1, output_price=0.1),
    pb.Candidate(name="dear", input_price=9.0, output_price=9.0),
]
Serving = health_pb2.HealthCheckResponse


async def health(address: str, service: str = "") -> int:
    async with open_channel(address) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        return (await health_pb2_grpc.HealthStub(channel).Check(request)).status


@pytest.mark.parametrize(
    "metadata",
    [(), (("authorization", "Bearer nonsense"),), (("authorization", "Basic Zm9vOmJhcg=="),), (("authorization", ""),)],
)
async def test_without_an_assertion_nothing_answers(app: RoutingApp, metadata: tuple[tuple[str, str], ...]) -> None:
    async with open_channel(app.address) as channel:
        stub = routing_pb2_grpc.RoutingServiceStub(channel)
        for method, request in [
            (stub.Route, pb.RouteRequest()),
            (stub.RouteMany, pb.RouteManyRequest()),
            (stub.Embed, pb.EmbedRequest()),
            (stub.GetInfo, pb.GetInfoRequest()),
            (stub.ValidateArtifact, pb.ValidateArtifactRequest()),
        ]:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await method(request, metadata=metadata)
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
            assert caught.value.details() == "a valid assertion is needed"


async def test_a_stranger_or_another_audience_is_refused(app: RoutingApp, caller: Caller) -> None:
    stranger = RoutingClient(app.address, AssertionSigner(Ed25519PrivateKey.generate(), "gateway"))
    with pytest.raises(RoutingUnavailable):
        await stranger.info()
    await stranger.close()
    async with open_channel(app.address) as channel:
        with pytest.raises(grpc.aio.AioRpcError, match="UNAUTHENTICATED"):
            await routing_pb2_grpc.RoutingServiceStub(channel).GetInfo(
                pb.GetInfoRequest(), metadata=call_metadata(caller.signer, "control")
            )


async def test_health_needs_no_assertion_and_follows_the_artifact(app: RoutingApp) -> None:
    assert await health(app.address) in (Serving.NOT_SERVING, Serving.SERVING)
    await app.wait_loaded()
    assert app.ready
    for service in ("", SERVICE):
        assert await health(app.address, service) == Serving.SERVING


async def test_reflection_lists_the_service_to_callers_only(app: RoutingApp, caller: Caller) -> None:
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    async with open_channel(app.address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        metadata = call_metadata(caller.signer, "routing")
        answers = [one async for one in stub.ServerReflectionInfo(iter([request]), metadata=metadata)]
        assert SERVICE in [one.name for one in answers[0].list_services_response.service]
        with pytest.raises(grpc.aio.AioRpcError, match="UNAUTHENTICATED"):
            [one async for one in stub.ServerReflectionInfo(iter([request]))]


async def test_it_answers_by_price_before_the_artifact_is_there(caller: Caller, settings: Settings) -> None:
    app = RoutingApp(settings, CollectorRegistry())
    await app.start()
    client = RoutingClient(app.address, caller.signer)
    answer = await client.route(QUESTION, PRICED, timeout_s=5.0)
    assert answer.fallback == pb.FALLBACK_NO_ARTIFACT
    assert answer.selected_model == "dear"
    assert await health(app.address) == Serving.NOT_SERVING
    await client.close()
    await app.stop()


async def test_a_bad_artifact_keeps_it_unready_and_answering(
    caller: Caller, settings: Settings, tmp_path: Path
) -> None:
    app = RoutingApp(settings.model_copy(update={"artifact_dir": tmp_path}), CollectorRegistry())
    await app.start()
    with capture_logs() as logs, pytest.raises(ArtifactInvalid):
        await app.wait_loaded()
    assert logs[-1]["event"] == "artifact.refused"
    client = RoutingClient(app.address, caller.signer)
    assert (await client.route(QUESTION, PRICED, timeout_s=5.0)).fallback == pb.FALLBACK_NO_ARTIFACT
    with pytest.raises(RoutingUnavailable):
        await client.route(QUESTION, timeout_s=5.0)
    assert await health(app.address) == Serving.NOT_SERVING
    await client.close()
    await app.stop()


async def test_an_unsigned_artifact_is_refused_by_default(settings: Settings) -> None:
    app = RoutingApp(settings.model_copy(update={"allow_unsigned": False}), CollectorRegistry())
    await app.start()
    with pytest.raises(ArtifactInvalid, match="not signed"):
        await app.wait_loaded()
    await app.stop()


async def test_a_port_in_use_is_a_clear_error(app: RoutingApp, settings: Settings) -> None:
    port = int(app.address.rsplit(":", 1)[1])
    second = RoutingApp(settings.model_copy(update={"port": port}), CollectorRegistry())
    with pytest.raises(ConfigurationError, match="is it in use"):
        await second.start()
    await second.stop()


async def test_without_a_callers_key_it_does_not_start(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="ROUTEIQ_ROUTING_IDENTITY_PUBLIC_KEYS"):
        RoutingApp(settings.model_copy(update={"identity_public_keys": ()}), CollectorRegistry())


async def probe(service: RoutingService) -> int:
    async with aiohttp.ClientSession() as http, http.get(f"http://{service.ops.address}/_health/ready") as answer:
        return answer.status


async def test_the_service_is_ready_once_loaded_and_stops_when_asked(settings: Settings) -> None:
    service = RoutingService(settings)
    await service.start()
    serving = asyncio.create_task(service.serve())
    await service.app.wait_loaded()
    while not service.readiness.serving:
        await asyncio.sleep(0.01)
    assert await probe(service) == 200
    assert await health(service.url) == Serving.SERVING
    service.stop()
    await asyncio.wait_for(serving, PATIENCE_S)


async def test_the_service_ends_when_it_cannot_serve(settings: Settings, tmp_path: Path) -> None:
    service = RoutingService(settings.model_copy(update={"artifact_dir": tmp_path}))
    await service.start()
    with pytest.raises(ArtifactInvalid):
        await asyncio.wait_for(service.serve(), PATIENCE_S)


async def test_launch_reads_the_environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTEIQ_ROUTING_PORT", "0")
    monkeypatch.setenv("ROUTEIQ_ROUTING_OPS_PORT", "0")
    monkeypatch.setenv("ROUTEIQ_ROUTING_IDENTITY_PUBLIC_KEYS", str(settings.identity_public_keys[0]))
    service = await launch(None)
    serving = asyncio.create_task(service.serve())
    assert service.url.startswith("127.0.0.1:")
    service.stop()
    await asyncio.wait_for(serving, PATIENCE_S)


def broken_scorer() -> Loaded:
    loaded = twin_loaded()
    return replace(loaded, artifact=replace(loaded.artifact, scorer=BrokenScorer()))


@pytest.mark.parametrize("loaded", [twin_loaded(BrokenEncoder()), broken_scorer()], ids=["expected", "unexpected"])
async def test_a_fault_says_nothing_of_the_inside(
    loaded: Loaded, client: RoutingClient, app: RoutingApp, caller: Caller
) -> None:
    app.engine.swap(loaded)
    async with open_channel(app.address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await routing_pb2_grpc.RoutingServiceStub(channel).Route(
                pb.RouteRequest(prompt=QUESTION), metadata=call_metadata(caller.signer, "routing", request_id="r-1")
            )
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert caught.value.details() == "Internal server error"


async def test_a_client_survives_a_restart(settings: Settings, caller: Caller) -> None:
    first = RoutingApp(settings, CollectorRegistry())
    await first.start()
    client = RoutingClient(first.address, caller.signer)
    assert (await client.info()).version
    await first.stop()
    with pytest.raises(RoutingUnavailable):
        await client.info(timeout_s=1.0)
    port = int(first.address.rsplit(":", 1)[1])
    second = RoutingApp(settings.model_copy(update={"port": port}), CollectorRegistry())
    await second.start()
    for _ in range(50):
        try:
            assert (await client.info(timeout_s=1.0)).version
            break
        except RoutingUnavailable:
            await asyncio.sleep(0.1)
    else:
        pytest.fail("the client never came back")
    await client.close()
    await second.stop()


async def test_no_server_is_said_quickly(caller: Caller) -> None:
    client = RoutingClient("127.0.0.1:1", caller.signer)
    with pytest.raises(RoutingUnavailable) as caught:
        await client.route(QUESTION, timeout_s=0.5)
    assert caught.value.reason == "routing_unavailable"
    await client.close()
