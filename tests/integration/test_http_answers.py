"""What a server makes of an application's answers, through ASGI's messages and past them. Raw sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import pytest

from routeiq.kit.asgi import Answer, Receive, Scope, Send, read_body
from routeiq.kit.exchange import RawHeaders, Repeated, exchange_of
from routeiq.kit.http_head import as_lines
from tests.support.http_server import Handler, connected, post, serving

GET, HEAD = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"HEAD / HTTP/1.1\r\nhost: x\r\n\r\n"


class Way(Protocol):
    """One of two ways to answer: a head and parts, the last of which ends it. None as status: nothing is answered."""

    def __call__(self, status: int, headers: RawHeaders, *parts: bytes, ends: bool = True) -> Handler: ...


def by_asgi(status: int, headers: RawHeaders, *parts: bytes, ends: bool = True) -> Handler:
    async def handler(scope: Scope, receive: Receive, send: Send) -> None:
        await read_body(scope, receive, 1 << 24)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for at, part in enumerate(parts):
            await send({"type": "http.response.body", "body": part, "more_body": not ends or at < len(parts) - 1})

    return handler


def by_exchange(status: int, headers: RawHeaders, *parts: bytes, ends: bool = True) -> Handler:
    async def handler(scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        assert exchange is not None
        await read_body(scope, receive, 1 << 24)
        exchange.start(status, headers)
        for part in parts[:-1] if ends else parts:
            if not exchange.part(part):
                await exchange.drain()
        if ends:
            exchange.end(parts[-1])

    return handler


@pytest.fixture(params=[by_asgi, by_exchange])
def way(request: pytest.FixtureRequest) -> Way:
    made: Way = request.param
    return made


def length(number: int) -> list[tuple[bytes, bytes]]:
    return [(b"Content-Length", b"%d" % number)]


async def bytes_of(handler: Handler, *requests: bytes) -> bytes:
    """Everything that comes until the server closes, which `connection: close` in the last request should bring."""
    async with serving(handler) as server, connected(server) as raw:
        await raw.send(*requests)
        return await raw.rest()


async def test_without_a_length_it_is_chunked(way: Way) -> None:
    async with serving(way(200, [(b"X-A", b"b")], b"ab", b"", b"cd", b"")) as server, connected(server) as raw:
        for _ in range(2):
            await raw.send(GET)
            reply = await raw.reply()
            assert (reply.status, reply.body, reply.headers["x-a"]) == (200, b"abcd", "b")
            assert reply.headers["transfer-encoding"] == "chunked"


async def test_with_a_length_it_is_plain(way: Way) -> None:
    async with serving(way(200, length(4), b"ab", b"cd")) as server, connected(server) as raw:
        await raw.send(GET)
        reply = await raw.reply()
        assert (reply.body, "transfer-encoding" in reply.headers) == (b"abcd", False)
        assert "GMT" in reply.headers["date"]
        assert "server" not in reply.headers


@pytest.mark.parametrize("headers", [length(4), []])
async def test_an_answer_to_head_has_no_body(way: Way, headers: RawHeaders) -> None:
    async with serving(way(200, headers, b"ab", b"cd")) as server, connected(server) as raw:
        await raw.send(HEAD)
        assert (await raw.reply(head_only=True)).headers.get("content-length") == ("4" if headers else None)
        await raw.send(GET)
        assert (await raw.reply()).body == b"abcd"


@pytest.mark.parametrize("status", [204, 304])
async def test_some_statuses_have_no_body(way: Way, status: int) -> None:
    async with serving(way(status, [], b"")) as server, connected(server) as raw:
        for _ in range(2):
            await raw.send(GET)
            reply = await raw.reply()
            assert reply.status == status
            assert not {"content-length", "transfer-encoding"} & reply.headers.keys()


@pytest.mark.parametrize("parts", [(b"abc", b"de"), (b"abcde",)])
async def test_more_than_its_length_breaks_off(way: Way, parts: Sequence[bytes]) -> None:
    data = await bytes_of(way(200, length(4), *parts), GET)
    assert data.startswith(b"HTTP/1.1 200 OK" if len(parts) > 1 else b"HTTP/1.1 500 ")
    assert b"abcde" not in data


@pytest.mark.parametrize("parts", [(b"ab", b"c"), (b"abc",)])
async def test_less_than_its_length_breaks_off(way: Way, parts: Sequence[bytes]) -> None:
    data = await bytes_of(way(200, length(4), *parts), GET)
    assert data.startswith(b"HTTP/1.1 200 OK" if len(parts) > 1 else b"HTTP/1.1 500 ")


async def test_a_stream_without_an_end_breaks_off(way: Way) -> None:
    data = await bytes_of(way(200, [], b"ab", ends=False), GET)
    assert data.endswith(b"\r\n2\r\nab\r\n")


async def test_a_head_alone_is_a_500(way: Way) -> None:
    data = await bytes_of(way(200, [], ends=False), GET)
    assert data.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"connection: close\r\n" in data


@pytest.mark.parametrize(
    "header",
    [(b"a", b"b\r\nc: d"), (b"a", b"\x00"), (b"a\r\nb", b"c"), (b"a b", b"c"), (b"", b"c"), (b"content-length", b"-1")],
)
async def test_a_bad_header_is_a_500(way: Way, header: tuple[bytes, bytes]) -> None:
    data = await bytes_of(way(200, [header], b"body"), GET)
    assert data.startswith(b"HTTP/1.1 500 ")
    assert b"body" not in data


async def test_http_1_0_gets_no_chunks_and_the_end(way: Way) -> None:
    data = await bytes_of(way(200, [], b"ab", b"cd"), b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
    assert data.endswith(b"\r\nconnection: close\r\n\r\nabcd")
    assert b"transfer-encoding" not in data


async def test_the_client_may_end_the_connection(way: Way) -> None:
    last = post(b"", b"connection: close")
    data = await bytes_of(way(200, length(1), b"x"), GET + last + GET + b"not http at all")
    assert data.count(b"HTTP/1.1 200 OK") == 2
    assert data.count(b"connection: close") == 1


async def test_the_application_may_end_the_connection(way: Way) -> None:
    data = await bytes_of(way(200, [*length(1), (b"Connection", b"close")], b"x"), GET + GET)
    assert data.count(b"HTTP/1.1 200 OK") == 1
    assert data.count(b"connection: close") == 1


async def test_the_applications_own_coding_is_not_doubled(way: Way) -> None:
    async with serving(way(200, [(b"transfer-encoding", b"chunked")], b"ab")) as server, connected(server) as raw:
        await raw.send(GET)
        reply = await raw.reply()
        assert (reply.body, reply.head.count(b"transfer-encoding")) == (b"ab", 1)


async def test_a_large_body_in_one_piece(way: Way) -> None:
    large = b"x" * 3_000_000
    async with serving(way(200, length(len(large)), large)) as server, connected(server) as raw:
        await raw.send(GET)
        assert (await raw.reply()).body == large


async def test_a_slow_reader_is_waited_for() -> None:
    written = {"asgi": 0, "exchange": 0}

    async def handler(scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope) if scope["path"] == "/exchange" else None
        piece = b"x" * 65536
        if exchange is not None:
            exchange.start(200, length(300 * len(piece)))
        else:
            await send({"type": "http.response.start", "status": 200, "headers": length(300 * len(piece))})
        for _ in range(300):
            if exchange is None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            elif not exchange.part(piece):
                await exchange.drain()
            written[scope["path"][1:]] += 1
        await send({"type": "http.response.body"})

    async with serving(handler) as server:
        for name in written:
            async with connected(server) as raw:
                raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
                await raw.send(b"GET /%b HTTP/1.1\r\nhost: x\r\n\r\n" % name.encode())
                await asyncio.sleep(0.3)
                assert 0 < written[name] < 250
                raw.writer.transport.resume_reading()  # type: ignore[attr-defined]
                assert len((await raw.reply()).body) == 65536 * 300


async def test_nobody_is_answered_who_takes_no_answers() -> None:
    answered = 0

    async def handler(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal answered
        answered += 1
        exchange = exchange_of(scope)
        assert exchange is not None
        exchange.whole(200, [], b"x" * 100_000)

    async with serving(handler) as server, connected(server) as raw:
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await raw.send(*[GET] * 200)
        await asyncio.sleep(0.3)
        assert answered < 150
        raw.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert [len((await raw.reply()).body) for _ in range(200)] == [100_000] * 200


async def test_an_answer_is_one_write() -> None:
    async def handler(scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        assert exchange is not None
        exchange.whole(200, [(b"a", b"b")], b"body")
        seen.extend(exchange._connection.transport._parts)  # type: ignore[attr-defined]

    seen: list[bytes] = []
    async with serving(handler) as server, connected(server) as raw:
        await raw.send(GET)
        await asyncio.sleep(0.1)
    (only,) = seen
    assert only.endswith(b"\r\na: b\r\ncontent-length: 4\r\n\r\nbody")


@pytest.mark.parametrize("way", ["whole", "start"])
async def test_lines_that_are_written_already_follow_the_other_headers(way: str) -> None:
    async def handler(scope: Scope, receive: Receive, send: Send) -> None:
        answer = Answer(send, [(b"a", b"b")], exchange_of(scope))
        answer.add_lines(as_lines([(b"c", b"d"), (b"e", b"f")]), Repeated([(b"g", b"h")]))
        answer.add_lines(as_lines([(b"i", b"j")]), Repeated([(b"k", b"l")]))
        if way == "whole":
            await answer.whole(200, b"body", [])
        else:
            await answer.start(200, [(b"content-length", b"4")])
            await answer.end(b"body")

    data = await bytes_of(handler, GET[:-2] + b"connection: close\r\n\r\n")
    assert b"\r\ng: h\r\n" in data
    assert b"\r\na: b\r\nk: l\r\nc: d\r\ne: f\r\ni: j\r\n" in data
    assert data.endswith(b"\r\n\r\nbody")
    assert data.count(b"content-length: 4\r\n") == 1


async def test_what_raises_is_a_500_without_inner_text() -> None:
    async def handler(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("secret")

    data = await bytes_of(handler, GET)
    assert data.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in data


async def test_two_answers_are_one_too_many() -> None:
    said: list[str] = []

    async def handler(scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        assert exchange is not None
        exchange.whole(200, [], b"x")
        for again in (lambda: exchange.whole(200, [], b"y"), lambda: exchange.start(200, []), exchange.end):
            with pytest.raises(RuntimeError):
                again()
        with pytest.raises(RuntimeError):
            await send({"type": "http.response.start", "status": 200})
        with pytest.raises(RuntimeError):
            await send({"type": "websocket.close"})
        said.append("done")

    async with serving(handler) as server, connected(server) as raw:
        for _ in range(2):
            await raw.send(GET)
            assert (await raw.reply()).body == b"x"
    assert said == ["done"] * 2
