"""What the edge's limits and counts are worth under its own server. Raw sockets, twins behind it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import pytest

from routeiq.config.state import Deployment
from routeiq.gateway.app import create_app
from routeiq.gateway.gateway import Gateway
from routeiq.gateway.upstream.provider import UpstreamResponse
from routeiq.gateway.upstream.requests import UpstreamRequest
from routeiq.kit.asgi import Message
from routeiq.kit.server import HTTPServer
from tests.support.asgi import call, scope
from tests.support.gateway import AUTH, KEY, make_gateway
from tests.support.http_server import connected, post, serving
from tests.support.twins import ANSWER, TwinProvider, TwinResponse, TwinRouting, decision, deployment, state
from tests.support.waiting import PATIENCE_S

CHAT = b'{"model":"small","messages":[{"role":"user","content":"hi"}]}'
REQUEST = post(CHAT, b"authorization: Bearer %b" % KEY.encode(), path=b"/v1/chat/completions")


class Slow(TwinProvider):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__(TwinResponse())
        self.go_on = asyncio.Event()
        self.called = 0

    async def send(self, request: UpstreamRequest, deployment: Deployment) -> UpstreamResponse:
        self.called += 1
        await self.go_on.wait()
        return TwinResponse()


class Prompt(TwinProvider):
    """Answers without being waited for."""

    def begin(self, request: UpstreamRequest, deployment: Deployment) -> PromptTwin:
        return PromptTwin()


class PromptTwin:
    """A `PromptCall` and its exchange in one."""

    def __init__(self) -> None:
        self.exchange, self.head = self, dict[str, str]()

    def call(self, callback: Callable[[], None], *, early: bool) -> None:
        asyncio.get_running_loop().call_soon(callback)

    def body(self) -> bytes:
        return ANSWER


def gateway_of(provider: TwinProvider, concurrency: int = 0, model: str = "small") -> Gateway:
    return make_gateway(state(deployment(model)), provider, TwinRouting(decision("small")), concurrency)


def counted(gateway: Gateway) -> float:
    gateway.pipeline.meter.flush()
    return sum(gateway.pipeline.meter._requests.by.values())


def served(gateway: Gateway) -> contextlib.AbstractAsyncContextManager[HTTPServer]:
    """With its way past ASGI."""
    edge = create_app(gateway)
    return serving(edge, at_once=edge.at_once)


async def test_requests_of_one_turn_do_not_pass_the_limit_together() -> None:
    provider = Slow()
    async with contextlib.AsyncExitStack() as held:
        server = await held.enter_async_context(served(gateway_of(provider, concurrency=2)))
        raws = [await held.enter_async_context(connected(server)) for _ in range(8)]
        await asyncio.sleep(0.05)
        for raw in raws:
            raw.writer.write(REQUEST)
        await asyncio.sleep(0.1)
        provider.go_on.set()
        assert sorted([(await raw.reply()).status for raw in raws]) == [200] * 2 + [503] * 6
        assert provider.called == 2


async def test_a_request_that_is_cut_short_is_counted_once() -> None:
    provider = Slow()
    gateway = gateway_of(provider)
    async with served(gateway) as server, connected(server) as raw:
        await raw.send(REQUEST)
        await asyncio.sleep(0.05)
        gateway.pipeline.gate.cut()
        assert (await raw.reply()).status == 503
        assert counted(gateway) == 1


async def test_a_request_that_fails_inside_is_counted_once() -> None:
    gateway = gateway_of(TwinProvider(RuntimeError("a mistake of ours")))
    answer = await call(create_app(gateway), scope(headers=[AUTH]), CHAT)
    assert (answer.status, counted(gateway)) == (500, 1)


async def test_a_prompt_answer_is_counted_once() -> None:
    gateway = gateway_of(Prompt())
    async with served(gateway) as server, connected(server) as raw:
        await raw.send(REQUEST * 3)
        assert [(await raw.reply()).body for _ in range(3)] == [ANSWER] * 3
        assert counted(gateway) == 3


async def test_an_answer_that_cannot_be_sent_is_a_500() -> None:
    """As where the document names a model with a control character."""
    async with served(gateway_of(Prompt(), model="sm\x07ll")) as server, connected(server) as raw:
        body = CHAT.replace(b"small", b"sm\\u0007ll")
        await raw.send(post(body, b"authorization: Bearer %b" % KEY.encode(), path=b"/v1/chat/completions"))
        async with asyncio.timeout(PATIENCE_S):
            assert (await raw.reply()).status == 500


@pytest.mark.parametrize("path", ["/health/liveness", "/openapi.json"])
async def test_who_needs_no_key_is_not_read(path: str) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("the body was asked for")

    async def send(message: Message) -> None:
        sent.append(message)

    request = scope("GET", path, [("content-length", "10000000")])
    await create_app(gateway_of(TwinProvider()))(request, receive, send)
    assert sent[0]["status"] == 200
