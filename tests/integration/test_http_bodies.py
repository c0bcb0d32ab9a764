"""Bodies that nobody reads, that come late, or that wait: what a server keeps of them. Raw sockets."""

from __future__ import annotations

import asyncio
import math

import pytest

from routeiq.kit import http_protocol
from routeiq.kit.asgi import Answer, ASGIApp, Receive, Scope, Send, read_body
from routeiq.kit.exchange import exchange_of
from routeiq.kit.http_connection import MOST_WAITING
from routeiq.kit.http_protocol import HTTPProtocol
from routeiq.kit.http_request import AT_ONCE_BYTES
from routeiq.kit.server import sweep
from tests.support.http_server import connected, post, serving

LIMIT = 1 << 24
GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


def counting(go_on: asyncio.Event) -> ASGIApp:
    """Reads each body once `go_on` is set, and answers how many bytes it had."""

    async def count(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        body = await read_body(scope, receive, LIMIT)
        await Answer(send, [], exchange_of(scope)).whole(200, b"%d" % len(body))

    return count


async def test_a_body_comes_by_one_way_only() -> None:
    async def handler(scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        assert exchange is not None
        assert exchange.body() is None
        first, second = await receive(), await receive()
        assert exchange.body() is None
        exchange.whole(200, [], first["body"] + b"|" + second["body"])

    async with serving(handler) as server, connected(server) as raw:
        await raw.send(post(b"abcd")[:-2])
        await asyncio.sleep(0.05)
        await raw.send(b"cd")
        assert (await raw.reply()).body == b"ab|cd"


async def test_an_unread_body_is_passed_over() -> None:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await Answer(send, [], exchange_of(scope)).whole(413, b"")

    async with serving(refuse) as server, connected(server) as raw:
        for _ in range(2):
            await raw.send(post(b"x" * 3_000_000))
            assert (await raw.reply()).status == 413


async def test_an_unread_body_is_not_kept() -> None:
    go_on = asyncio.Event()
    async with serving(counting(go_on)) as server, connected(server) as raw:
        sending = asyncio.create_task(raw.send(post(b""), post(b"x" * 16_000_000)))
        await asyncio.sleep(0.3)
        (one,) = server._server.server_state.connections
        assert isinstance(one, HTTPProtocol)
        assert one._incoming is not None
        taken = one._incoming.unread
        sweep([one], math.inf)  # who may not send is not silent
        go_on.set()
        assert [(await raw.reply()).body for _ in range(2)] == [b"0", b"16000000"]
        await sending
    assert taken < 1_000_000


@pytest.mark.parametrize(("sent", "rest"), [(150_000, 200), (70_000, 408)], ids=["goes on", "falls silent"])
async def test_the_time_for_a_body_is_without_that_in_which_nobody_read(
    monkeypatch: pytest.MonkeyPatch, sent: int, rest: int
) -> None:
    monkeypatch.setattr(http_protocol, "BODY_S", 0.2)
    go_on = asyncio.Event()
    async with serving(counting(go_on)) as server, connected(server) as raw:
        whole = post(b"x" * 200_000)
        await raw.send(whole[:sent])
        await asyncio.sleep(0.4)
        go_on.set()
        await asyncio.sleep(0.05)
        later = 0 if rest == 200 else 0.4
        sweep(server._server.server_state.connections, asyncio.get_running_loop().time() + later)
        await raw.send(whole[sent:])
        assert (await raw.reply()).status == rest


async def test_requests_that_wait_are_few() -> None:
    go_on = asyncio.Event()
    async with serving(counting(go_on)) as server, connected(server) as raw:
        await raw.send(*[GET] * 4 * MOST_WAITING)
        await asyncio.sleep(0.1)
        sending = asyncio.create_task(raw.send(GET * 100_000))
        await asyncio.sleep(0.3)
        (one,) = server._server.server_state.connections
        assert isinstance(one, HTTPProtocol)
        assert len(one.waiting) <= MOST_WAITING + AT_ONCE_BYTES / len(GET)
        sending.cancel()
        go_on.set()


async def test_the_bodies_of_requests_that_wait_are_few() -> None:
    go_on = asyncio.Event()
    async with serving(counting(go_on)) as server, connected(server) as raw:
        sending = asyncio.create_task(raw.send(post(b""), *[post(b"x" * 60_000)] * MOST_WAITING))
        await asyncio.sleep(0.3)
        (one,) = server._server.server_state.connections
        assert isinstance(one, HTTPProtocol)
        assert sum(cycle.unread for cycle, _ in one.waiting) < 400_000
        go_on.set()
        assert [(await raw.reply()).body for _ in range(1 + MOST_WAITING)] == [b"0", *[b"60000"] * MOST_WAITING]
        await sending


async def test_an_answer_is_not_followed_by_a_refusal_of_the_same_request() -> None:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await Answer(send, [], exchange_of(scope)).whole(413, b"")

    async with serving(refuse) as server, connected(server) as raw:
        await raw.send(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n")
        await raw.reply()
        await raw.send(b"no chunk\r\n")
        assert await raw.rest() == b""
