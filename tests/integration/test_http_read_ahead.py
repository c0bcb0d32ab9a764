"""Many requests, or a large one, in one read. Raw sockets."""

from __future__ import annotations

import asyncio

import pytest

from routeiq.kit.asgi import Answer, Receive, Scope, Send, read_body
from routeiq.kit.exchange import Exchange, exchange_of
from routeiq.kit.http_protocol import HTTPProtocol
from tests.support.http_server import connected, post, serving

LIMIT = 1 << 24


@pytest.mark.parametrize("body", [b"", b"x" * 5000])
async def test_however_many_come_at_once_each_is_answered_in_its_turn(body: bytes) -> None:
    seen: list[bytes] = []

    async def counts(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["query_string"])
        got = await read_body(scope, receive, LIMIT)
        await Answer(send, [], exchange_of(scope)).whole(200, b"%b %d" % (scope["query_string"], len(got)))

    async with serving(counts) as server, connected(server) as raw:
        asked = [post(body).replace(b"/", b"/?%d" % number, 1) for number in range(600)]
        sending = asyncio.create_task(raw.send(b"".join(asked)))
        answers = [(await raw.reply()).body for _ in asked]
        assert answers == [b"%d %d" % (number, len(body)) for number in range(600)]
        assert len(seen) == 600
        await sending


async def test_a_request_that_came_in_one_read_is_begun_once_it_is_whole() -> None:
    whole: list[bytes | None] = []

    def at_once(_: Scope, exchange: Exchange) -> bool:
        whole.append(exchange.body())
        exchange.whole(200, [], b"")
        return True

    async def later(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("its body is there")

    async with serving(later, at_once=at_once) as server, connected(server) as raw:
        await asyncio.sleep(0.05)
        (one,) = server._server.server_state.connections
        assert isinstance(one, HTTPProtocol)
        one.data_received(post(b"x" * 50_000))
        assert (await raw.reply()).status == 200
    assert whole == [b"x" * 50_000]
