"""What a real server does with peers that send without end, or not at all. Raw sockets: no client would do this."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from routeiq.kit import http_protocol
from routeiq.kit.asgi import Answer, Receive, Scope, Send, read_body
from routeiq.kit.build import COMPILED
from routeiq.kit.http_bounds import MAX_HEAD_BYTES
from routeiq.kit.http_protocol import HTTPProtocol
from routeiq.kit.server import HTTPServer, bind, sweep
from tests.support.http_server import answering
from tests.support.waiting import PATIENCE_S

POST = b"POST / HTTP/1.1\r\nhost: x\r\n"
CHUNKED = POST + b"transfer-encoding: chunked\r\n\r\n"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await Answer(send, []).whole(200, b"%d" % len(await read_body(scope, receive, 1 << 24)))
        return
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


@pytest.fixture
async def server() -> AsyncIterator[HTTPServer]:
    async with answering(HTTPServer(echo, bind("127.0.0.1", 0))) as made:
        yield made


async def connect(server: HTTPServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = server.address.rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def status(server: HTTPServer, *parts: bytes) -> int:
    """Send the parts for as long as the server takes them. Returns: the status of its first answer."""
    reader, writer = await connect(server)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
    except ConnectionError:
        pass
    line = await asyncio.wait_for(reader.readline(), PATIENCE_S)
    writer.close()
    return int(line.split()[1])


@pytest.mark.parametrize(
    "start",
    [POST + b"x-a: ", POST, b"POST /" + b"a" * 100, CHUNKED + b"5;ext=", CHUNKED + b"0\r\nx-trailer: "],
    ids=["one header", "many headers", "path", "chunk extension", "trailer"],
)
async def test_an_endless_head_is_refused_early(server: HTTPServer, start: bytes) -> None:
    piece = b"b: c\r\n" * 700 if start == POST else b"a" * 4096
    reader, writer = await connect(server)
    sent = 0
    writer.write(start)
    try:
        while sent < 100 * MAX_HEAD_BYTES and not reader.at_eof():
            writer.write(piece)
            await asyncio.wait_for(writer.drain(), PATIENCE_S)
            sent += len(piece)
            await asyncio.sleep(0.001)
    except ConnectionError:
        pass
    writer.close()
    assert sent < 20 * MAX_HEAD_BYTES


async def test_a_whole_head_that_is_too_large_is_431(server: HTTPServer) -> None:
    head = POST + b"x-a: " + b"a" * (MAX_HEAD_BYTES + 1) + b"\r\ncontent-length: 0\r\n\r\n"
    assert await status(server, head) == 431
    assert await status(server, head[: MAX_HEAD_BYTES // 2], head[MAX_HEAD_BYTES // 2 :]) == 431


async def test_large_bodies_in_small_chunks_are_fine(server: HTTPServer) -> None:
    assert await status(server, CHUNKED, *[b"1\r\na\r\n" * 1000] * 100, b"0\r\n\r\n") == 200
    assert await status(server, POST + b"content-length: 3000000\r\n\r\n", b"a" * 3_000_000) == 200


async def test_what_is_not_http_is_400_in_the_gateways_shape(server: HTTPServer) -> None:
    reader, writer = await connect(server)
    writer.write(b"EHLO\r\n\r\n")
    assert b'"code":"invalid_http"' in await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()


@pytest.mark.parametrize(
    ("sent", "answer"),
    [(b"", b"408"), (POST, b"408"), (POST + b"content-length: 10\r\n\r\nabc", b"408")],
    ids=["nothing", "half a head", "half a body"],
)
async def test_a_silent_peer_is_given_up(
    server: HTTPServer, sent: bytes, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("IDLE_S", "HEAD_S", "BODY_SILENCE_S"):
        monkeypatch.setattr(http_protocol, name, 0.05)
    reader, writer = await connect(server)
    writer.write(sent)
    await asyncio.sleep(0.2)
    sweep(server._server.server_state.connections, asyncio.get_running_loop().time())
    assert answer in await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()


async def test_who_waits_for_an_answer_is_not_given_up(server: HTTPServer) -> None:
    _, writer = await connect(server)
    writer.write(POST + b"content-length: 0\r\n\r\n")
    await asyncio.sleep(0.1)
    connections: Callable[[], int] = lambda: len(server._server.server_state.connections)  # noqa: E731
    sweep(server._server.server_state.connections, asyncio.get_running_loop().time() + 70)
    assert connections() == 1
    writer.close()


@pytest.mark.skipif(COMPILED, reason="compiled classes cannot be patched")
def test_a_connection_that_fails_spares_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    expired: list[HTTPProtocol] = []

    def expire(one: HTTPProtocol, now: float) -> None:
        expired.append(one)
        if len(expired) == 1:
            raise ValueError("a mistake of ours")

    monkeypatch.setattr(HTTPProtocol, "expire", expire)
    sweep([HTTPProtocol.__new__(HTTPProtocol) for _ in range(3)], 0.0)
    assert len(expired) == 3


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"", b"400 Bad Request"),
        (b"host: x\r\nhost: x\r\n", b"400 Bad Request"),
        (b"host: x\r\ntransfer-encoding: gzip, chunked\r\n", b"501 Not Implemented"),
        (b"host: x\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n", b"501 Not Implemented"),
    ],
)
async def test_a_request_that_can_be_read_in_two_ways_is_refused(
    server: HTTPServer, head: bytes, status: bytes
) -> None:
    reader, writer = await connect(server)
    writer.write(b"POST / HTTP/1.1\r\n%b\r\n0\r\n\r\n" % head + POST + b"content-length: 0\r\n\r\n")
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.count(b"HTTP/1.1") == 1
    writer.close()
