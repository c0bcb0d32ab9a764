"""An upstream that is killed, resets or is a hole in the network: who asks for it is told in time, no other suffers.

A real gateway, OpenAI's own client, upstreams in processes of their own, and sockets that are as bad as they can be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

import openai
import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

from tests.support.fleet import KEY, Fleet, fleet_in
from tests.support.ports import free_port
from tests.support.processes import FakeProvider, fake_provider
from tests.support.rude import deaf, resetting, silent

DEADLINE_S = 8.0
ATTEMPT_S = 0.5
SLACK_S = 45.0  # busy machines; a request that waited for the kernel or for a default would still be found out
HI: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]
Rude = Callable[[int], AbstractContextManager[None]]


@dataclass
class World:
    """A gateway between our client and two upstreams, of which `bad_port` can be a third."""

    fleet: Fleet
    first: FakeProvider
    second: FakeProvider
    bad_port: int


@dataclass(frozen=True)
class Seen:
    """What a request came to. `status`: of an error before the first byte; `broken`: a stream that ended with one."""

    took_s: float
    status: int = 200
    broken: bool = False

    @property
    def good(self) -> bool:
        return self.status == 200 and not self.broken


def entry(name: str, url: str, model: str = "gpt-fake", client: str = "pool", **params: object) -> dict[str, object]:
    return {
        "model_name": name,
        "litellm_params": {"model": f"openai/{model}", "api_base": f"{url}/v1", "api_key": "sk-up", **params},
        "model_info": {"routeiq": {"http_client": client}},
    }


def document(first: str, second: str, bad: str) -> dict[str, object]:
    """`pair` can go on with the second upstream; what is called `first`, `second` or `bad` has only that one."""
    models = [
        entry("first", first), entry("first-stalls", first, "gpt--stall"),
        entry("second-goes-silent", second, "gpt--stall", timeout=ATTEMPT_S),
        entry("second", second), entry("second-paced", second, "gpt--paced"),
        entry("pair", first), entry("pair", second),
        entry("bad", bad), entry("bad-by-aiohttp", bad, client="aiohttp"),
        entry("bad-pair", bad, timeout=ATTEMPT_S), entry("bad-pair", second),
        entry("falls-back", bad, timeout=ATTEMPT_S),
    ]  # fmt: skip
    router = {"timeout": DEADLINE_S, "num_retries": 1, "fallbacks": [{"falls-back": ["second"]}]}
    return {"model_list": models, "router_settings": router}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with ExitStack() as opened:
        first, second = opened.enter_context(fake_provider()), opened.enter_context(fake_provider())
        bad_port = free_port()
        configured = document(first.url, second.url, f"http://127.0.0.1:{bad_port}")
        fleet = opened.enter_context(fleet_in(tmp_path, configured))
        fleet.start("gateway")
        fleet.wait("gateway")
        yield World(fleet, first, second, bad_port)


@pytest.fixture
async def client(world: World) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{world.fleet.url}/v1", api_key=KEY, max_retries=0, timeout=60) as made:
        yield made


async def ask(client: AsyncOpenAI, model: str, *, stream: bool) -> Seen:
    begun = time.monotonic()
    try:
        if stream:
            await read(await client.chat.completions.create(model=model, messages=HI, stream=True))
        else:
            await client.chat.completions.create(model=model, messages=HI)
    except openai.APIStatusError as refused:
        return Seen(time.monotonic() - begun, status=refused.status_code)
    except openai.APIError:  # what the client makes of an error event
        return Seen(time.monotonic() - begun, broken=True)
    return Seen(time.monotonic() - begun)


async def read(stream: openai.AsyncStream[openai.types.chat.ChatCompletionChunk]) -> None:
    async for _ in stream:
        pass


async def keep_asking(client: AsyncOpenAI, model: str, until: asyncio.Event, *, stream: bool) -> list[Seen]:
    """One after the other, and at least one after `until`."""
    seen: list[Seen] = []
    while not until.is_set():
        seen.append(await ask(client, model, stream=stream))
    return [*seen, await ask(client, model, stream=stream)]


async def beside(client: AsyncOpenAI, models: tuple[str, ...], event: Callable[[], Awaitable[None]]) -> list[Seen]:
    """Requests to `models`, whole and streamed, from before `event` until after it."""
    until = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        asking = [
            group.create_task(keep_asking(client, model, until, stream=stream))
            for model in models for stream in (False, True) for _ in range(3)
        ]  # fmt: skip
        await asyncio.sleep(0.5)
        await event()
        await asyncio.sleep(0.5)
        until.set()
    return [seen for task in asking for seen in task.result()]


async def begin_stream(client: AsyncOpenAI, model: str) -> asyncio.Task[None]:
    """One whose first event has come; the task reads the rest."""
    stream = await client.chat.completions.create(model=model, messages=HI, stream=True)
    await anext(stream.__aiter__())
    return asyncio.create_task(read(stream))


def in_time(seen: list[Seen]) -> bool:
    return max(one.took_s for one in seen) < DEADLINE_S + SLACK_S


async def test_a_kill_ends_its_own_streams_and_nothing_else(world: World, client: AsyncOpenAI) -> None:
    streams = [await begin_stream(client, "first-stalls") for _ in range(5)]
    ended: list[BaseException | None] = []

    async def kill() -> None:
        world.first.kill()
        ended.extend(await asyncio.wait_for(asyncio.gather(*streams, return_exceptions=True), SLACK_S))

    others = await beside(client, ("second", "second-paced", "pair"), kill)
    assert all(isinstance(error, openai.APIError) and error.code == "upstream_failed" for error in ended)
    assert len(ended) == 5
    assert [seen for seen in others if not seen.good] == []
    assert in_time(others)


async def test_a_stream_that_goes_silent_is_ended(world: World, client: AsyncOpenAI) -> None:
    seen = await asyncio.gather(*(ask(client, "second-goes-silent", stream=True) for _ in range(5)))
    assert all(one.broken for one in seen)
    assert in_time(seen)


async def test_after_a_kill_its_models_are_refused_in_time(world: World, client: AsyncOpenAI) -> None:
    seen: list[Seen] = []

    async def kill() -> None:
        world.first.kill()
        seen.extend(await asyncio.gather(*(ask(client, "first", stream=number % 2 == 0) for number in range(20))))

    others = await beside(client, ("second", "pair"), kill)
    assert {one.status for one in seen} <= {502, 503}
    assert in_time(seen)
    assert all(one.good for one in others)


async def test_an_upstream_that_resets_is_refused_or_replaced(world: World, client: AsyncOpenAI) -> None:
    seen: dict[str, list[Seen]] = {}

    async def meet() -> None:
        with resetting(world.bad_port):
            for model in ("bad", "bad-by-aiohttp", "bad-pair", "falls-back"):
                asked = (ask(client, model, stream=number % 2 == 0) for number in range(20))
                seen[model] = await asyncio.gather(*asked)

    others = await beside(client, ("second", "pair"), meet)
    assert {one.status for model in ("bad", "bad-by-aiohttp") for one in seen[model]} == {502}
    assert all(one.good for one in (*seen["bad-pair"], *seen["falls-back"], *others))
    assert all(map(in_time, (*seen.values(), others)))


@pytest.mark.parametrize("hole", [silent, deaf])
async def test_a_hole_in_the_network_costs_the_deadline(hole: Rude, world: World, client: AsyncOpenAI) -> None:
    seen: dict[str, list[Seen]] = {}

    async def fall() -> None:
        with hole(world.bad_port):
            for model in ("bad", "bad-by-aiohttp"):
                asked = (ask(client, model, stream=number % 2 == 0) for number in range(20))
                seen[model] = await asyncio.gather(*asked)

    others = await beside(client, ("second", "second-paced", "pair"), fall)
    assert {one.status for some in seen.values() for one in some} == {504}
    assert all(one.good for one in others)
    assert all(map(in_time, (*seen.values(), others)))


@pytest.mark.parametrize("hole", [silent, deaf])
async def test_who_may_go_elsewhere_does_before_the_deadline(hole: Rude, world: World, client: AsyncOpenAI) -> None:
    with hole(world.bad_port):
        asked = (
            ask(client, model, stream=stream)
            for model in ("bad-pair", "falls-back") for stream in (False, True) for _ in range(10)
        )  # fmt: skip
        seen = await asyncio.gather(*asked)
    assert [one for one in seen if not one.good] == []
    assert in_time(seen)
