"""A real server in the test's own loop, and raw connections to it: what no client would send, byte for byte."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from routeiq.kit.asgi import ASGIApp, Receive, Scope, Send
from routeiq.kit.exchange import KEY, AtOnce
from routeiq.kit.http_protocol import Refused
from routeiq.kit.server import HTTPServer, bind
from tests.support.waiting import PATIENCE_S

Handler = Callable[[Scope, Receive, Send], Awaitable[None]]


def with_lifespan(handler: Handler, at_once: AtOnce | None = None) -> ASGIApp:
    """An application of one handler, and what it offers beside ASGI."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await handler(scope, receive, send)
            return
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})

    app.at_once = at_once  # type: ignore[attr-defined]  # a function is an object, too
    return app


@contextlib.asynccontextmanager
async def serving(
    handler: Handler, drain_s: int = 5, at_once: AtOnce | None = None, refused: Refused = lambda _: None
) -> AsyncIterator[HTTPServer]:
    """On a free port of loopback."""
    sock = bind("127.0.0.1", 0)
    async with answering(HTTPServer(with_lifespan(handler, at_once), sock, drain_s=drain_s, refused=refused)) as server:
        yield server


@contextlib.asynccontextmanager
async def answering(server: HTTPServer) -> AsyncIterator[HTTPServer]:
    """From when it answers until it has drained."""
    task = asyncio.create_task(server.serve())
    started = asyncio.create_task(server.wait_started())
    await asyncio.wait([task, started], return_when=asyncio.FIRST_COMPLETED)
    try:
        if started.done():
            yield server
    finally:
        started.cancel()
        server.stop()
        await task


@dataclass
class Reply:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes
    head: bytes


class Raw:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *parts: bytes) -> None:
        """Each as a read of its own, mostly."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    async def reply(self, *, head_only: bool = False) -> Reply:
        """The next answer, which must be whole. Raises: asyncio.IncompleteReadError."""
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:-2])}
            status = int(lines[0].split()[1])
            body = b"" if head_only or status in (100, 204, 304) else await self._body(headers)
        return Reply(status, headers, body, head)

    async def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            length = headers.get("content-length")
            return await self.reader.read() if length is None else await self.reader.readexactly(int(length))
        body = b""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            body += await self.reader.readexactly(size)
            assert await self.reader.readexactly(2) == b"\r\n"
        assert await self.reader.readexactly(2) == b"\r\n"
        return body

    async def rest(self) -> bytes:
        """All that still comes, until the server closes."""
        return await asyncio.wait_for(self.reader.read(), PATIENCE_S)


@contextlib.asynccontextmanager
async def connected(server: HTTPServer) -> AsyncIterator[Raw]:
    """A connection to the server."""
    host, _, port = server.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 24)
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()


def post(body: bytes = b"", *lines: bytes, path: bytes = b"/") -> bytes:
    """A request with its length."""
    head = [b"POST %b HTTP/1.1" % path, b"host: x", b"content-length: %d" % len(body), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def chunked(*parts: bytes, trailers: bytes = b"", line: bytes = b"x-a: b") -> bytes:
    """A request in chunks."""
    head = b"POST / HTTP/1.1\r\nhost: x\r\n%b\r\ntransfer-encoding: chunked\r\n\r\n" % line
    return head + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n" + trailers + b"\r\n"


def plain(handler: Handler) -> Handler:
    """The same under a server that knows no exchange."""

    async def stripped(scope: Scope, receive: Receive, send: Send) -> None:
        del scope[KEY]
        await handler(scope, receive, send)

    return stripped


def same(handler: Handler) -> Handler:
    return handler
