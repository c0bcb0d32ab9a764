"""Several pods of the routing service behind one client: one that goes, one that is silent, one that is slow."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingClient, RoutingUnavailable, make_prompt
from routeiq.clients.routing_batches import RoutingBatches
from routeiq.clients.routing_breaker import FAILURES, PROBE_EVERY_S
from routeiq.clients.routing_metrics import RoutingMetrics
from routeiq.clients.routing_pods import Pods
from routeiq.kit.rpc_client import call_metadata
from routeiq.routing.app import RoutingApp
from routeiq.routing.settings import Settings
from tests.integration.routing.conftest import Caller
from tests.support.ports import free_port
from tests.support.routing import FakeEncoder, twin_loaded
from tests.support.waiting import LONGER_S, PATIENCE_S

BOTH = pb.CandidateSet(candidates=[pb.Candidate(name="small"), pb.Candidate(name="large")])
DEADLINE_S = 0.4
SETTINGS_FRAME = b"\0\0\0\4\0\0\0\0\0"  # of HTTP/2: willing, and then silent


@pytest.fixture
async def pods(settings: Settings) -> AsyncIterator[list[RoutingApp]]:
    """Two that serve a fake artifact."""
    made = [RoutingApp(settings, CollectorRegistry()) for _ in range(2)]
    for app in made:
        await app.start()
        await app.wait_loaded()
        app.engine.swap(twin_loaded())
    yield made
    for app in made:
        await app.stop()


def batches_to(caller: Caller, *addresses: str) -> tuple[RoutingClient, RoutingBatches]:
    metrics = RoutingMetrics(CollectorRegistry())
    client = RoutingClient(",".join(addresses), caller.signer, metrics=metrics)
    return client, RoutingBatches(client, metrics)


async def ask(batches: RoutingBatches, text: str, timeout_s: float = PATIENCE_S) -> pb.RouteResponse:
    return await batches.route(make_prompt([text]), BOTH, cost_weight=0.03, timeout_s=timeout_s)


async def test_requests_spread_and_survive_a_pod_that_goes(pods: list[RoutingApp], caller: Caller) -> None:
    client, batches = batches_to(caller, *(app.address for app in pods))
    try:
        for round_ in range(20):
            await asyncio.gather(*(ask(batches, f"prompt {round_} {number}") for number in range(4)))
        assert all(app.engine.decisions > 8 for app in pods)
        await pods[0].stop(0.0)
        for round_ in range(20):
            answers = await asyncio.gather(*(ask(batches, f"later {round_} {number}") for number in range(4)))
            assert {answer.fallback for answer in answers} == {pb.FALLBACK_UNSPECIFIED}
    finally:
        await batches.close()
        await client.close()


async def test_a_silent_pod_beside_a_good_one_costs_a_few_deadlines(pods: list[RoutingApp], caller: Caller) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client, batches = batches_to(caller, pods[0].address, f"127.0.0.1:{silent.getsockname()[1]}")
        late = 0
        try:
            for number in range(60):
                try:
                    await ask(batches, f"prompt {number}", DEADLINE_S)
                except RoutingUnavailable:
                    late += 1
            begun = asyncio.get_running_loop().time()
            for number in range(20):
                await ask(batches, f"later {number}")
            assert asyncio.get_running_loop().time() - begun < 20 * DEADLINE_S / 2
        finally:
            await batches.close()
            await client.close()
    assert late <= 6


async def test_the_service_is_told_the_deadline_and_answers_cheaply_in_time(
    pods: list[RoutingApp], caller: Caller
) -> None:
    encoder = FakeEncoder()
    encoder.gate.clear()
    pods[0].engine.swap(twin_loaded(encoder))
    client, batches = batches_to(caller, pods[0].address)
    try:
        answers = await asyncio.gather(*(ask(batches, f"prompt {number}", 1.0) for number in range(5)))
    finally:
        encoder.gate.set()
        await batches.close()
        await client.close()
    assert {answer.fallback for answer in answers} == {pb.FALLBACK_DEADLINE}
    assert {answer.selected_model for answer in answers} <= {"small", "large"}


async def test_an_entry_that_the_service_refuses_is_refused_alone(pods: list[RoutingApp], caller: Caller) -> None:
    client, batches = batches_to(caller, pods[0].address)
    twice = pb.CandidateSet(candidates=[pb.Candidate(name="small"), pb.Candidate(name="small")])
    try:
        bad = batches.route(make_prompt(["x"]), twice, timeout_s=PATIENCE_S)
        answers = await asyncio.gather(
            ask(batches, "a"), ask(batches, "b"), bad, ask(batches, "c"), return_exceptions=True
        )
    finally:
        await batches.close()
        await client.close()
    assert [isinstance(answer, RoutingUnavailable) for answer in answers] == [False, False, True, False]


async def test_a_service_that_was_away_is_used_again(settings: Settings, caller: Caller) -> None:
    settings = settings.model_copy(update={"port": free_port()})
    client, batches = batches_to(caller, f"127.0.0.1:{settings.port}")
    app = RoutingApp(settings, CollectorRegistry())
    try:
        for _ in range(FAILURES + 1):
            with pytest.raises(RoutingUnavailable, match="did not answer"):
                await ask(batches, "away")
        await app.start()
        await app.wait_loaded()
        async with asyncio.timeout(PATIENCE_S):
            while not await answered(batches):
                await asyncio.sleep(0.05)
        assert await answered(batches)
    finally:
        await batches.close()
        await client.close()
        await app.stop()


async def test_what_still_probes_ends_with_the_client(caller: Caller) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            writer.write(SETTINGS_FRAME)
            await reader.read()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as silent:
        client, batches = batches_to(caller, f"127.0.0.1:{silent.sockets[0].getsockname()[1]}")
        reasons = [
            await reason(batches, 0.1) for _ in range(FAILURES + 3)
        ]  # the breaker learns of a late answer a moment later
        await asyncio.sleep(PROBE_EVERY_S + 0.1)
        assert (reasons[-1], await reason(batches, 60)) == ("routing_unavailable", "routing_unavailable")
        await batches.close()
        await client.close()


async def answered(batches: RoutingBatches) -> bool:
    try:
        await ask(batches, "anew")
    except RoutingUnavailable:
        return False
    return True


async def reason(batches: RoutingBatches, timeout_s: float) -> str:
    with pytest.raises(RoutingUnavailable) as caught:
        await ask(batches, "silent", timeout_s)
    return caught.value.reason


async def test_a_call_outlives_the_name_of_its_pod(pods: list[RoutingApp], caller: Caller) -> None:
    encoder = FakeEncoder()
    encoder.gate.clear()
    pods[0].engine.swap(twin_loaded(encoder))
    host, _, port = pods[0].address.rpartition(":")
    found = [host]

    async def resolve(_: str, __: int) -> list[str]:
        return found

    names = Pods(f"routing:{port}", RoutingMetrics(CollectorRegistry()), resolve_every_s=0.02, resolve=resolve)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while names.addresses != (pods[0].address,):
                await asyncio.sleep(0.01)
            request = pb.RouteRequest(prompt=make_prompt(["hi"]), candidates=BOTH.candidates)
            metadata = call_metadata(caller.signer, "routing")
            call = asyncio.create_task(names.any().call("Route", request, PATIENCE_S, metadata))
            found[0] = "127.0.0.2"
            while names.addresses == (pods[0].address,):
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            encoder.gate.set()
            assert isinstance(await call, pb.RouteResponse)
    finally:
        encoder.gate.set()
        await names.close()


async def test_a_pod_that_ends_answers_what_it_took_and_the_other_one_takes_the_rest(
    pods: list[RoutingApp], caller: Caller
) -> None:
    encoders = [FakeEncoder(), FakeEncoder()]
    for app, encoder in zip(pods, encoders, strict=True):
        app.engine.swap(twin_loaded(encoder))
    client, batches = batches_to(caller, *(app.address for app in pods))
    try:
        await asyncio.gather(*(ask(batches, f"prompt {number}") for number in range(20)))
        encoders[0].gate.clear()
        before = len(encoders[0].batches)
        held = [asyncio.create_task(ask(batches, f"held {number}")) for number in range(20)]
        async with asyncio.timeout(PATIENCE_S):
            while len(encoders[0].batches) == before:
                await asyncio.sleep(0.01)
        ending = asyncio.create_task(pods[0].stop(LONGER_S))
        await asyncio.sleep(0.1)
        later = await asyncio.gather(*(ask(batches, f"later {number}") for number in range(50)))
        encoders[0].gate.set()
        answers = [*later, *await asyncio.gather(*held)]
        await ending
    finally:
        encoders[0].gate.set()
        await batches.close()
        await client.close()
    assert {answer.fallback for answer in answers} == {pb.FALLBACK_UNSPECIFIED}


async def test_a_name_whose_pod_has_gone_is_looked_up_at_once(settings: Settings, caller: Caller) -> None:
    """As in a rolled deployment of one pod: the new one has the name before the old one says goodbye."""
    port, found = free_port(), ["127.0.0.1"]
    old, new = [
        RoutingApp(settings.model_copy(update={"host": host, "port": port}), CollectorRegistry())
        for host in ("127.0.0.1", "127.0.0.2")
    ]

    async def resolve(_: str, __: int) -> list[str]:
        return found

    for app in (old, new):
        await app.start()
        await app.wait_loaded()
    names = Pods(f"routing:{port}", RoutingMetrics(CollectorRegistry()), resolve_every_s=LONGER_S, resolve=resolve)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while names.addresses != (old.address,) or not names.any().connected():
                await asyncio.sleep(0.01)
            found[0] = "127.0.0.2"
            await asyncio.sleep(1.5)
            assert names.addresses == (old.address,), "it is not yet time to look again"
            await old.stop(PATIENCE_S)
            while names.addresses != (new.address,):
                await asyncio.sleep(0.01)
            request = pb.RouteRequest(prompt=make_prompt(["hi"]), candidates=BOTH.candidates)
            metadata = call_metadata(caller.signer, "routing")
            assert isinstance(await names.any().call("Route", request, PATIENCE_S, metadata), pb.RouteResponse)
    finally:
        await names.close()
        await old.stop()
        await new.stop()
