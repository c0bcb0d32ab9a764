"""Requests with and without a task, on the same connections: a real gateway between raw clients and a fake provider."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import httpx
import openai
import pytest
from openai import AsyncOpenAI

from tests.support.fleet import KEY, Fleet, fleet_in
from tests.support.http_server import Raw, Reply, post
from tests.support.processes import FakeProvider, fake_provider
from tests.support.waiting import PATIENCE_S, until

AUTH = b"authorization: Bearer %b" % KEY.encode()
CHAT = b"/v1/chat/completions"
MODELS = ("echo", "slow-head", "status-400", "gzip")


@contextlib.contextmanager
def gateway_to(provider: FakeProvider, folder: Path, environ: Mapping[str, str]) -> Iterator[Fleet]:
    """One gateway, with one model for each behaviour."""
    base = {"api_base": provider.api_base, "api_key": "sk-up"}
    models = [{"model_name": name, "litellm_params": {"model": f"openai/gpt--{name}", **base}} for name in MODELS]
    with fleet_in(folder, {"model_list": models, "router_settings": {"num_retries": 0}}) as fleet:
        fleet.environ |= environ
        fleet.start("gateway")
        fleet.wait("gateway")
        yield fleet


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with fake_provider() as started:
        yield started


@pytest.fixture(scope="module")
def shared(provider: FakeProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with gateway_to(provider, tmp_path_factory.mktemp("passages"), {}) as fleet:
        yield fleet


@pytest.fixture
def own(provider: FakeProvider, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """With the settings that the test names."""
    environ = {f"ROUTEIQ_GATEWAY_{name}": value for name, value in request.param.items()}
    with gateway_to(provider, tmp_path, environ) as fleet:
        yield fleet


@contextlib.asynccontextmanager
async def connected(fleet: Fleet) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_connection("127.0.0.1", fleet.ports["gateway"], limit=1 << 24)
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()


def body(marker: str, model: str = "echo", **fields: object) -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": marker}], **fields}).encode()


def chat(marker: str, model: str = "echo", **fields: object) -> bytes:
    return post(body(marker, model, **fields), AUTH, path=CHAT)


def said(reply: Reply) -> str:
    """What an answer says: its marker, or its error's code."""
    if reply.headers["content-type"].startswith("text/event-stream"):
        assert reply.body.endswith(b"data: [DONE]\n\n")
        events = [json.loads(line[6:]) for line in reply.body.splitlines() if line.startswith(b"data: {")]
        return "".join(choice["delta"].get("content") or "" for event in events for choice in event["choices"])
    answer = json.loads(reply.body)
    if "error" in answer:
        return str(answer["error"]["code"])
    return str(answer["choices"][0]["message"]["content"] if "choices" in answer else sorted(answer))


KINDS: Mapping[str, tuple[bytes, int, str]] = {
    "refused upstream": (chat("x", "status-400"), 400, "fake_400"),
    "no such model": (chat("x", "nobody"), 404, "model_not_found"),
    "no json": (post(b"{", AUTH, path=CHAT), 400, "invalid_json"),
    "no key": (post(body("x"), path=CHAT), 401, "invalid_api_key"),
    "by fastapi": (b"GET /v1/models HTTP/1.1\r\nhost: x\r\n%b\r\n\r\n" % AUTH, 200, "['data', 'object']"),
    "nowhere": (b"GET /v1/nowhere HTTP/1.1\r\nhost: x\r\n%b\r\n\r\n" % AUTH, 404, "not_found"),
    "packed": (chat("x", "gzip"), 200, "The fake provider says hello."),
}


def one_of_any(chance: random.Random, number: int) -> tuple[bytes, int, str]:
    """A request, and the status and the words of its answer."""
    kind = chance.choice(["passage", "passage", "stream", "chunked", *KINDS])
    marker = f"m{number}-{chance.random()}"
    if kind == "passage":
        return chat(marker), 200, marker
    if kind == "stream":
        return chat(marker, stream=True), 200, marker
    if kind == "chunked":
        return in_chunks(body(marker)), 200, marker
    return KINDS[kind]


def in_chunks(data: bytes) -> bytes:
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(data[at : at + 9]), data[at : at + 9]) for at in range(0, len(data), 9))
    head = b"POST %b HTTP/1.1\r\nhost: x\r\n%b\r\ntransfer-encoding: chunked\r\n\r\n" % (CHAT, AUTH)
    return head + pieces + b"0\r\n\r\n"


@pytest.mark.parametrize("seed", range(4))
async def test_all_kinds_on_one_connection_are_answered_in_order(shared: Fleet, seed: int) -> None:
    chance = random.Random(seed)
    asked = [one_of_any(chance, number) for number in range(60)]
    data = b"".join(request for request, _, _ in asked)
    edges = sorted({0, len(data), *(chance.randrange(len(data)) for _ in range((0, 10, 100, 400)[seed]))})
    async with connected(shared) as raw:
        sending = asyncio.create_task(raw.send(*(data[a:b] for a, b in pairwise(edges))))
        for _, status, words in asked:
            reply = await raw.reply()
            assert (reply.status, said(reply)) == (status, words)
        await sending


async def test_many_connections_get_their_own_answers(shared: Fleet) -> None:
    async def ask(connection: int) -> None:
        chance = random.Random(connection)
        async with connected(shared) as raw:
            for number in range(10):
                request, status, words = one_of_any(chance, connection * 1000 + number)
                await raw.send(request)
                reply = await raw.reply()
                assert (reply.status, said(reply)) == (status, words)

    await asyncio.gather(*map(ask, range(100)))


async def test_the_official_client_gets_its_own_answers(shared: Fleet) -> None:
    async with AsyncOpenAI(base_url=f"{shared.url}/v1", api_key=KEY, max_retries=0, timeout=PATIENCE_S) as client:

        async def ask(marker: str) -> tuple[str, str | None, str | None]:
            made = client.chat.completions.create(model="echo", messages=[{"role": "user", "content": marker}])
            answer = await made
            return marker, answer.choices[0].message.content, answer.model

        answers = await asyncio.gather(*(ask(f"marker {number}") for number in range(100)))
        with pytest.raises(openai.BadRequestError):
            await client.chat.completions.create(model="status-400", messages=[{"role": "user", "content": "x"}])
    assert all((said, model) == (marker, "echo") for marker, said, model in answers)


@pytest.mark.parametrize("size", [10, 100_000, 3_000_000])
@pytest.mark.parametrize("way", ["whole", "two reads", "in chunks", "expecting"])
async def test_bodies_come_as_they_like(shared: Fleet, way: str, size: int) -> None:
    marker = "a" * size
    request = in_chunks(body(marker)) if way == "in chunks" and size < 1_000_000 else chat(marker)
    async with connected(shared) as raw:
        for _ in range(2):
            if way == "expecting":
                head = post(body(marker), AUTH, b"expect: 100-continue", path=CHAT).partition(b"\r\n\r\n")[0]
                await raw.send(head + b"\r\n\r\n")
                assert (await raw.reply()).status == 100
                await raw.send(body(marker))
            elif way == "two reads":
                await raw.send(request[:-5])
                await asyncio.sleep(0.05)
                await raw.send(request[-5:])
            else:
                await raw.send(request)
            reply = await raw.reply()
            assert (reply.status, said(reply)) == (200, marker)


def running(fleet: Fleet) -> float:
    """Requests in flight, as the metrics have it."""
    text = httpx.get(f"http://127.0.0.1:{fleet.ports['gateway-ops']}/metrics", timeout=PATIENCE_S).text
    (line,) = [line for line in text.splitlines() if line.startswith("gateway_requests_in_flight ")]
    return float(line.split()[1])


async def until_running(fleet: Fleet, number: int) -> None:
    """So many requests run."""
    await until(lambda: running(fleet) == number)


async def test_a_client_that_leaves_ends_its_call(shared: Fleet, provider: FakeProvider) -> None:
    provider.reset()
    async with connected(shared) as warm:
        await warm.send(chat("x"))
        await warm.reply()
    async with connected(shared) as raw, connected(shared) as stays:
        await raw.send(chat("x", "slow-head"))
        await until_running(shared, 1)
        await stays.send(chat("stays"))
        assert said(await stays.reply()) == "stays"
    await until_running(shared, 0)
    provider.wait_until_idle()
    assert provider.state()["left"] == 1


@pytest.mark.parametrize("own", [{"MAX_CONCURRENCY": "2"}], indirect=True)
async def test_the_limit_counts_bodies_that_are_still_sent_and_answers_that_are_awaited(own: Fleet) -> None:
    async with connected(own) as half, connected(own) as slow, connected(own) as third:
        await third.send(chat("warm"))
        assert said(await third.reply()) == "warm"
        await half.send(chat("half")[:-5])
        await until_running(own, 1)
        await slow.send(chat("x", "slow-head"))
        await until_running(own, 2)
        for request in (chat("third"), chat("third", stream=True), in_chunks(body("third")), chat("third")):
            await third.send(request)
            reply = await third.reply()
            assert (reply.status, said(reply), reply.headers["retry-after"]) == (503, "overloaded", "1")
        await half.send(chat("half")[-5:])
        assert said(await half.reply()) == "half"
        await third.send(chat("third"))
        assert said(await third.reply()) == "third"
    await until_running(own, 0)


@pytest.mark.parametrize("own", [{"MAX_CONCURRENCY": "5"}], indirect=True)
async def test_a_burst_is_served_or_sent_away(own: Fleet) -> None:
    async def ask(stream: bool) -> str:
        async with connected(own) as raw:
            await raw.send(chat("x", stream=stream))
            return said(await raw.reply())

    answers = await asyncio.gather(*(ask(number % 2 == 0) for number in range(100)))
    assert set(answers) == {"x", "overloaded"}
    await until_running(own, 0)


@pytest.mark.parametrize("own", [{"DRAIN_S": "0.5"}], indirect=True)
async def test_a_shutdown_tells_who_is_still_waiting(own: Fleet) -> None:
    async with connected(own) as raw, connected(own) as other:
        await raw.send(chat("warm"))
        assert said(await raw.reply()) == "warm"
        await raw.send(chat("x", "slow-head"))
        await until_running(own, 1)
        await other.send(chat("quick"))
        own.processes["gateway"].send_signal(signal.SIGTERM)
        assert said(await other.reply()) == "quick"
        reply = await raw.reply()
        assert (reply.status, said(reply), reply.headers["connection"]) == (503, "shutting_down", "close")
    assert own.processes.pop("gateway").wait(20) == 0
