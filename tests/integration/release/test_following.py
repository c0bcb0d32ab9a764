"""A gateway on a real NATS serves what its fleet wants, as the official client sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest
from openai import AsyncOpenAI

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.clients.fleet_joining import Joining
from routeiq.clients.fleet_names import CANARY, VALIDATE_DOCUMENT
from routeiq.gateway.release.applying import PATIENCE_S
from routeiq.kit.bus_requests import Requests
from tests.support.buses import connected
from tests.support.documents import bundle_of, text_of
from tests.support.fleet_gateways import Leader, gateway, ready, settings
from tests.support.servers.nats import NATS
from tests.support.waiting import until

SLOW = text_of("own") + "- {model_name: slow, litellm_params: {model: simulated/slow, tokens_per_second: 20}}\n"


@pytest.fixture
async def leader(nats_server: NATS) -> AsyncIterator[Leader]:
    """Nobody wants anything yet."""
    async with connected(nats_server) as bus:
        made = Leader(bus)
        for bucket in (made.keys, made.roster):
            for key in await bucket.entries():
                await bucket.delete(key)
        yield made


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own.yaml").write_text(SLOW)
    return tmp_path / "own.yaml"


async def ask(client: AsyncOpenAI, model: str) -> str:
    """The version that its answer names."""
    answer = await client.chat.completions.with_raw_response.create(
        model=model, messages=[{"role": "user", "content": "hi"}], max_tokens=1
    )
    return str(answer.headers["x-routeiq-version"])


async def test_what_the_fleet_wants_is_served_and_said(
    leader: Leader, nats_server: NATS, tmp_path: Path, own: Path
) -> None:
    async with gateway(settings(tmp_path, nats_server.url, "one"), own) as (built, client):
        before = await ask(client, "own")
        await leader.want(text_of("a"))
        said = await leader.said("gateway.one", 1)
        version = await ask(client, "a")
        assert (said.applied, said.error, said.config_version) == (1, "", version.partition(".")[0])
        assert version == built.holder.current.version != before
        assert [model.id async for model in client.models.list()] == ["auto", "a", "all-MiniLM-L6-v2"]
        with pytest.raises(openai.NotFoundError):
            await ask(client, "own")


async def test_what_does_not_build_is_said_with_its_line_and_the_old_serves(
    leader: Leader, nats_server: NATS, tmp_path: Path, own: Path
) -> None:
    async with gateway(settings(tmp_path, nats_server.url, "one"), own) as (_, client):
        await leader.want(text_of("a"))
        await leader.said("gateway.one", 1)
        before = await ask(client, "a")
        await leader.want(text_of("b", more="routeiq: {auto: {fallback: nobody}}\n"))
        said = await leader.said("gateway.one", 2)
        assert said.applied == 1
        assert said.error.startswith("config.yaml:3: routeiq.auto.fallback: ")
        assert await ask(client, "a") == before
        await leader.want(text_of("c"))
        assert (await leader.said("gateway.one", 3)).error == ""
        await ask(client, "c")


async def test_what_runs_ends_as_it_began(leader: Leader, nats_server: NATS, tmp_path: Path, own: Path) -> None:
    async with gateway(settings(tmp_path, nats_server.url, "one"), own) as (_, client):
        stream = await client.chat.completions.with_raw_response.create(
            model="slow", messages=[{"role": "user", "content": "hi"}], max_tokens=20, stream=True
        )
        await leader.want(text_of("a"))
        await leader.said("gateway.one", 1)
        after = await ask(client, "a")
        chunks = [chunk async for chunk in stream.parse()]
        assert chunks[-1].choices[0].finish_reason == "length"
        assert stream.headers["x-routeiq-version"] != after


async def test_a_canary_goes_first_and_alone_and_back(
    leader: Leader, nats_server: NATS, tmp_path: Path, own: Path
) -> None:
    one, two = (settings(tmp_path, nats_server.url, name) for name in ("one", "two"))
    async with gateway(one, own) as (_, first), gateway(two, own) as (_, second):
        await leader.want(text_of("a"))
        await asyncio.gather(leader.said("gateway.one", 1), leader.said("gateway.two", 1))
        await leader.want(text_of("b"), canary=("gateway.one",))
        await leader.said("gateway.one", 2)
        assert await ask(first, "b") != await ask(second, "a")
        await leader.keys.delete(CANARY)
        await leader.said("gateway.one", 1)
        async with asyncio.timeout(60):
            while [model.id async for model in first.models.list()][1] != "a":
                await asyncio.sleep(0.02)


async def test_without_nats_the_last_document_serves(
    leader: Leader, nats_server: NATS, tmp_path: Path, own: Path
) -> None:
    made = settings(tmp_path, nats_server.url, "one", config_from="fleet")
    async with gateway(made, own):
        await leader.want(text_of("a"))
        await leader.said("gateway.one", 1)
    away = settings(tmp_path, "nats://127.0.0.1:1", "one", config_from="fleet")
    async with gateway(away, own) as (built, client):
        assert not built.readiness.ready
        await ask(client, "a")
        async with asyncio.timeout(PATIENCE_S + 60):
            await ready(built)


async def test_a_fresh_one_waits_for_its_first_document(leader: Leader, nats_server: NATS, tmp_path: Path) -> None:
    async with gateway(settings(tmp_path, nats_server.url, "one", config_from="fleet"), None) as (built, client):
        await asyncio.sleep(0.3)
        assert not built.readiness.ready
        await leader.want(text_of("a"))
        await ready(built)
        await ask(client, "a")


async def test_one_that_keeps_its_own_and_waits_for_others_first(
    leader: Leader, nats_server: NATS, tmp_path: Path, own: Path
) -> None:
    """As `routeiq up` has it."""
    first = asyncio.Event()

    async def after() -> None:
        await first.wait()

    await leader.want(text_of("a"))
    made = settings(tmp_path, nats_server.url, "one")
    async with gateway(made, own, Joining(documents=False, after=after)) as (_, client):
        await asyncio.sleep(0.3)
        assert await leader.roster.get("gateway.one") is None
        first.set()
        assert (await leader.said("gateway.one", 1)).error == ""
        await ask(client, "own")


async def test_it_judges_documents_for_the_fleet(leader: Leader, nats_server: NATS, tmp_path: Path, own: Path) -> None:
    async with (
        gateway(settings(tmp_path, nats_server.url, "one"), own) as (built, client),
        connected(nats_server) as bus,
    ):
        before, asking, judged = await ask(client, "own"), Requests(bus), []
        await until(lambda: built.link.bus.connected)
        for text in (text_of("b"), "model_list: 7\n"):
            bundle = bundle_of(text)
            await leader.documents.put(bundle.digest, bundle.pack())
            asked = pb.ValidateDocumentRequest(document=bundle.digest).SerializeToString()
            judged.append(pb.ValidateDocumentResponse.FromString(await asking.ask(VALIDATE_DOCUMENT, asked, 5)))
        assert [one.valid for one in judged] == [True, False]
        assert judged[1].errors[0].startswith("config.yaml:1: model_list: ")
        assert judged[0].replica == "one"
        assert await ask(client, "own") == before
