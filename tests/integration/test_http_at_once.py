"""What a server makes of an application that answers without a task, in which it may do as it likes. Raw sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial

import pytest

from routeiq.kit.asgi import Answer, Receive, Scope, Send, read_body
from routeiq.kit.exchange import Exchange, Work, exchange_of
from routeiq.kit.server import HTTPServer
from tests.support.http_server import chunked, connected, post, serving

LIMIT = 1 << 24
GET = b"GET /way HTTP/1.1\r\nhost: x\r\n\r\n"


async def by_asgi(scope: Scope, receive: Receive, send: Send) -> None:
    body = await read_body(scope, receive, LIMIT)
    await Answer(send, [(b"x-by", b"asgi")], exchange_of(scope)).whole(200, body)


class Ways:
    """Answers as the path says. `seen`: whom it was asked for; `left`: who went."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.left: list[str] = []
        self.held: list[Exchange] = []

    def __call__(self, scope: Scope, exchange: Exchange) -> Work | bool:
        way: str = scope["path"][1:]
        self.seen.append(way)
        if way == "asgi":
            return False
        body = exchange.body()
        assert body is not None
        answer = partial(exchange.whole, 200, [(b"x-by", way.encode())], body)
        loop = asyncio.get_running_loop()
        if way == "now":
            answer()
        elif way == "soon":
            loop.call_soon(answer)
        elif way == "later":
            loop.call_later(0.01, answer)
        elif way == "held":
            self.held.append(exchange)
            exchange.on_left(lambda: self.left.append(way))
        elif way == "task":
            return run(answer)
        elif way == "then-task":
            loop.call_soon(lambda: exchange.run(run(answer)))
        elif way == "silent-task":
            return silent()
        elif way == "raises":
            raise ZeroDivisionError
        elif way == "answers-and-raises":
            answer()
            raise ZeroDivisionError
        return True


async def run(answer: partial[None]) -> None:
    await asyncio.sleep(0)
    answer()


async def silent() -> None:
    """No answer."""


@pytest.fixture
def ways() -> Ways:
    return Ways()


@pytest.fixture
async def server(ways: Ways) -> AsyncIterator[HTTPServer]:
    async with serving(by_asgi, at_once=ways) as made:
        yield made


def ask(way: str, body: bytes = b"") -> bytes:
    return post(body, path=b"/%b" % way.encode())


@pytest.mark.parametrize("way", ["now", "soon", "later", "task", "then-task", "asgi"])
async def test_each_way_answers_and_keeps_the_connection(server: HTTPServer, ways: Ways, way: str) -> None:
    async with connected(server) as raw:
        for body in (b"", b"abc"):
            await raw.send(ask(way, body))
            reply = await raw.reply()
            assert (reply.status, reply.body, reply.headers["x-by"]) == (200, body, way)
    assert ways.seen == [way, way]
    assert not server._server.server_state.tasks


async def test_all_ways_in_one_segment_are_answered_in_order(server: HTTPServer) -> None:
    asked = ["later", "now", "asgi", "then-task", "soon", "task", "now", "now", "later", "asgi"] * 10
    async with connected(server) as raw:
        await raw.send(b"".join(ask(way, b"%d" % number) for number, way in enumerate(asked)))
        for number, way in enumerate(asked):
            reply = await raw.reply()
            assert (reply.body, reply.headers["x-by"]) == (b"%d" % number, way)


async def test_hundreds_that_answer_now_do_not_nest(server: HTTPServer) -> None:
    async with connected(server) as raw:
        await raw.send(ask("later") + ask("now") * 300)
        assert [(await raw.reply()).status for _ in range(301)] == [200] * 301


async def test_a_body_that_is_still_to_come_takes_a_task(server: HTTPServer, ways: Ways) -> None:
    request = ask("now", b"abcdef")
    async with connected(server) as raw:
        await raw.send(request[:-3])
        await asyncio.sleep(0.05)
        await raw.send(request[-3:])
        reply = await raw.reply()
        assert (reply.body, reply.headers["x-by"], ways.seen) == (b"abcdef", "asgi", [])
        await raw.send(chunked(b"a", b"bc").replace(b"POST /", b"POST /now"))
        reply = await raw.reply()
        assert (reply.body, reply.headers["x-by"]) == (b"abc", "now")


async def test_a_request_that_had_to_wait_is_asked_for_in_its_turn(server: HTTPServer, ways: Ways) -> None:
    async with connected(server) as raw:
        await raw.send(ask("held", b"1"), ask("now", b"2")[:-1])
        await asyncio.sleep(0.05)
        assert ways.seen == ["held"]
        await raw.send(b"2")
        ways.held[0].whole(200, [], b"1")
        assert [(await raw.reply()).body for _ in range(2)] == [b"1", b"2"]
    assert ways.seen == ["held", "now"]


@pytest.mark.parametrize("way", ["raises", "silent-task"])
async def test_what_does_not_answer_is_a_500(server: HTTPServer, ways: Ways, way: str) -> None:
    async with connected(server) as raw:
        await raw.send(ask("now") + ask(way) + ask("soon"))
        assert (await raw.reply()).status == 200
        reply = await raw.reply()
        assert (reply.status, json.loads(reply.body)["error"]["code"]) == (500, "internal_error")
        assert await raw.rest() == b""
    assert ways.seen == ["now", way]


async def test_what_raises_behind_its_answer_ends_the_connection(server: HTTPServer) -> None:
    async with connected(server) as raw:
        await raw.send(ask("answers-and-raises", b"a"))
        reply = await raw.reply()
        assert (reply.status, reply.body) == (200, b"a")
        assert await raw.rest() == b""


@pytest.mark.parametrize(
    "bad", [b"no http\r\n\r\n", post(b"", b"transfer-encoding: chunked"), b"GET / HTTP/1.1\r\n:\r\n"]
)
@pytest.mark.parametrize("way", ["now", "soon", "later", "task", "asgi"])
async def test_a_bad_request_in_the_same_read_is_refused_behind_a_good_one(
    server: HTTPServer, way: str, bad: bytes
) -> None:
    async with connected(server) as raw:
        await raw.send(ask(way, b"good") + bad + ask("now"))
        assert (await raw.reply()).body == b"good"
        data = await raw.rest()
        assert (data.startswith(b"HTTP/1.1 400 "), data.count(b"HTTP/1.1")) == (True, 1)


async def test_a_request_that_is_refused_in_the_read_it_came_in_is_never_begun(server: HTTPServer, ways: Ways) -> None:
    head = b"POST /now HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    async with connected(server) as raw:
        await raw.send(head + b"1\r\na\r\nno chunk\r\n")
        data = await raw.rest()
        assert (data.startswith(b"HTTP/1.1 400 "), data.count(b"HTTP/1.1")) == (True, 1)
    assert ways.seen == []


@pytest.mark.parametrize("how", ["half", "whole", "reset"])
async def test_a_client_that_leaves_is_told_of_once(server: HTTPServer, ways: Ways, how: str) -> None:
    async with connected(server) as raw:
        await raw.send(ask("held") + ask("now"))
        await asyncio.sleep(0.05)
        if how == "half":
            raw.writer.write_eof()
        elif how == "whole":
            raw.writer.close()
        else:
            raw.writer.transport.abort()
        await asyncio.sleep(0.1)
        ways.held[0].whole(200, [], b"nobody")
    assert (ways.left, ways.seen) == (["held"], ["held"])
    assert not server._server.server_state.connections


async def test_who_comes_back_to_a_client_that_has_left_is_told_at_once(server: HTTPServer, ways: Ways) -> None:
    async with connected(server) as raw:
        await raw.send(ask("held"))
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.05)
    told: list[bool] = []
    ways.held[0].on_left(lambda: told.append(True))
    assert told == [True]


async def test_a_shutdown_waits_for_an_answer_without_a_task(ways: Ways) -> None:
    async with serving(by_asgi, at_once=ways) as server, connected(server) as raw:
        await raw.send(ask("held"))
        await asyncio.sleep(0.05)
        server.stop()
        await asyncio.sleep(0.2)
        ways.held[0].whole(200, [], b"last")
        reply = await raw.reply()
        assert (reply.body, reply.headers["connection"]) == (b"last", "close")
        assert await raw.rest() == b""


async def test_a_head_request_is_asked_for_and_gets_no_body(server: HTTPServer) -> None:
    async with connected(server) as raw:
        await raw.send(ask("now", b"abc").replace(b"POST", b"HEAD") + ask("now", b"d"))
        reply = await raw.reply(head_only=True)
        assert (reply.status, reply.headers["content-length"]) == (200, "3")
        assert (await raw.reply()).body == b"d"
