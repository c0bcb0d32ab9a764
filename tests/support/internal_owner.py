"""A server that does as it is told, byte for byte, and who calls it as one service calls another."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from routeiq.kit.internal_http import InternalAnswer, InternalClient
from tests.support.waiting import PATIENCE_S

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
Play = Callable[["Owner", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Owner:
    """Notes the heads that come; `play` answers on each connection, which ends with it. `client` calls it."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self.heads: list[bytes] = []
        self.connections = 0
        self.left = asyncio.Event()
        self.port = 0
        self.client = InternalClient("", "owner")

    async def asked(self, reader: asyncio.StreamReader) -> bytes:
        """The next request's head."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head.replace(b"Host:", b"host:").replace(b"127.0.0.1:%d" % self.port, b"owner"))
        return head

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._play(self, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.left.set()


async def answers(owner: Owner, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """For as long as it is asked."""
    while True:
        await owner.asked(reader)
        writer.write(OK)


def says(*parts: bytes, then: float = 0) -> Play:
    """An answer in parts, and nothing for `then` seconds."""

    async def play(owner: Owner, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await owner.asked(reader)
        for part in parts:
            writer.write(part)
            await asyncio.sleep(0.02)
        if then:
            async with asyncio.timeout(then):
                await reader.read()

    return play


@asynccontextmanager
async def owned(
    play: Play, host: str = "127.0.0.1", scheme: str = "http", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Owner]:
    owner = Owner(play)
    server = await asyncio.start_server(owner, "127.0.0.1", 0, ssl=tls)
    owner.port = server.sockets[0].getsockname()[1]
    owner.client = InternalClient(f"{scheme}://{host}:{owner.port}", "owner")
    async with server:
        yield owner
        await owner.client.close()


async def send(
    owner: Owner,
    method: str = "GET",
    target: str = "/",
    body: bytes | AsyncIterator[bytes] = b"",
    *,
    head_timeout_s: float = PATIENCE_S,
    gap_timeout_s: float = PATIENCE_S,
    **headers: str,
) -> InternalAnswer:
    return await owner.client.send(
        method, target, headers, body, head_timeout_s=head_timeout_s, gap_timeout_s=gap_timeout_s
    )


async def read(answer: InternalAnswer) -> bytes:
    try:
        return b"".join([chunk async for chunk in answer.chunks()])
    finally:
        answer.close()
