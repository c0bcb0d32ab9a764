"""How connections end: clients that leave, idle ones, a shutdown. Raw sockets."""

from __future__ import annotations

import asyncio
import gc

import pytest

from routeiq.kit.asgi import Answer, ClientDisconnected, DisconnectWatch, Receive, Scope, Send, read_body
from routeiq.kit.exchange import exchange_of
from routeiq.kit.http_protocol import HTTPProtocol
from routeiq.kit.server import sweep
from routeiq.kit.ticker import Ticker
from tests.support.http_server import Handler, connected, plain, post, same, serving
from tests.support.waiting import PATIENCE_S, until

LIMIT = 1 << 24
GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


both = pytest.mark.parametrize("known", [plain, same])


async def quick(scope: Scope, receive: Receive, send: Send) -> None:
    await Answer(send, [], exchange_of(scope)).whole(200, b"")


def leaver(seen: list[str], begun: asyncio.Event) -> Handler:
    async def handler(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        try:
            await read_body(scope, receive, LIMIT)
            with DisconnectWatch(receive, Ticker(), exchange=exchange_of(scope)):
                await asyncio.sleep(30)
        except ClientDisconnected:
            seen.append("left")
            assert (await receive())["type"] == "http.disconnect"
            await Answer(send, [], exchange_of(scope)).whole(200, b"nobody")
            seen.append("done")

    return handler


def in_memory() -> list[object]:
    """Connections, found without weak references, which compiled classes do not have."""
    return [one for one in gc.get_objects() if type(one) is HTTPProtocol]


async def test_connections_that_are_left_are_not_kept() -> None:
    gc.collect()
    begun = asyncio.Event()
    async with serving(leaver([], begun)) as server:
        async with connected(server) as raw:
            await raw.send(post(b"abc"))
            await begun.wait()
            assert len(in_memory()) == 1
        gc.disable()
        try:
            await asyncio.sleep(0.2)
            assert in_memory() == []
        finally:
            gc.enable()


@both
@pytest.mark.parametrize("how", ["half", "whole", "at once", "in mid-body", "pipelined"])
async def test_a_client_that_leaves_is_noticed(known: type, how: str) -> None:
    seen: list[str] = []
    begun = asyncio.Event()
    async with serving(known(leaver(seen, begun))) as server, connected(server) as raw:
        await raw.send(post(b"abc")[: -1 if how == "in mid-body" else None] + (GET if how == "pipelined" else b""))
        if how != "at once":
            await asyncio.wait_for(begun.wait(), PATIENCE_S)
            await asyncio.sleep(0.01)
        raw.writer.close() if how == "whole" else raw.writer.write_eof()
        await until(lambda: "done" in seen)
    assert seen == ["left", "done"]


async def test_who_has_the_answer_may_leave() -> None:
    seen: list[str] = []

    async def handler(scope: Scope, receive: Receive, send: Send) -> None:
        await read_body(scope, receive, LIMIT)
        with DisconnectWatch(receive, Ticker(), exchange=exchange_of(scope)):
            await Answer(send, [], exchange_of(scope)).whole(200, b"x")
            seen.append((await receive())["type"])
            await asyncio.sleep(0.1)
        seen.append("done")

    async with serving(handler) as server:
        async with connected(server) as raw:
            await raw.send(GET)
            await raw.reply()
        await asyncio.sleep(0.3)
    assert seen == ["http.disconnect", "done"]


async def test_a_shutdown_closes_who_is_idle_and_ends_what_runs() -> None:
    go_on = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        await Answer(send, [], exchange_of(scope)).whole(200, b"x")

    async with serving(slow) as server, connected(server) as idle, connected(server) as busy, connected(server) as two:
        await busy.send(GET)
        await two.send(GET + GET)
        await asyncio.sleep(0.05)
        server.stop()
        assert await idle.rest() == b""
        go_on.set()
        for raw, count in ((busy, 1), (two, 2)):
            data = await raw.rest()
            assert (data.count(b" 200 OK"), data.count(b"connection: close")) == (count, 1)


async def test_an_idle_connection_is_closed_without_a_word() -> None:
    async with serving(quick) as server, connected(server) as raw:
        await raw.send(GET)
        await raw.reply()
        connections = server._server.server_state.connections
        now = asyncio.get_running_loop().time()
        for later in (0, 70):
            sweep(connections, now + later)
            assert len(connections) == 1
        sweep(connections, now + 80)
        assert await raw.rest() == b""


@pytest.mark.parametrize("parts", [1, 400])
async def test_a_peer_that_takes_nothing_is_given_up(parts: int) -> None:
    """Also behind the end of an answer, which would keep its connection open for ever."""
    ended = asyncio.Event()

    async def handler(scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        assert exchange is not None
        exchange.start(200, [])
        for _ in range(parts):
            if not exchange.part(b"x" * (20_000_000 // parts)) and parts > 1:
                await exchange.drain()
        exchange.end()
        ended.set()

    async with serving(handler) as server, connected(server) as raw:
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await raw.send(GET)
        await asyncio.sleep(0.3)
        connections = server._server.server_state.connections
        now = asyncio.get_running_loop().time()
        for later in (0, 50, 59):
            sweep(connections, now + later)
            assert len(connections) == 1
        sweep(connections, now + 61)
        await asyncio.wait_for(ended.wait(), PATIENCE_S)
        await asyncio.sleep(0.05)
        assert not connections


async def test_a_peer_that_takes_a_little_is_not_given_up() -> None:
    async def handler(scope: Scope, receive: Receive, send: Send) -> None:
        await Answer(send, [], exchange_of(scope)).whole(200, b"x" * 20_000_000)

    async with serving(handler) as server, connected(server) as raw:
        transport = raw.writer.transport
        transport.pause_reading()  # type: ignore[attr-defined]
        await raw.send(GET)
        await asyncio.sleep(0.3)
        connections = server._server.server_state.connections
        now = asyncio.get_running_loop().time()
        for later in range(0, 500, 50):
            sweep(connections, now + later)
            transport.resume_reading()  # type: ignore[attr-defined]
            await raw.reader.readexactly(1_000_000)
            transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.sleep(0.02)
        assert len(connections) == 1
