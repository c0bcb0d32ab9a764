"""A small object store that speaks as much of S3 and of GCS as reading needs, and misbehaves when told to.

It is no mock of a client: it listens on a socket. A key may come with its slashes escaped (GCS) or not (S3).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

from tests.support.by_heads import by_heads

Fault = Callable[[asyncio.StreamWriter], Awaitable[None]]
_DATE = "last-modified: Sun, 22 Nov 2026 07:00:00 GMT\r\n"


@dataclass
class Stored:
    data: bytes
    generation: int
    metadata: dict[str, str]

    def head(self, length: int | None = None) -> bytes:
        etag = hashlib.md5(self.data, usedforsecurity=False).hexdigest()
        told = "".join(f"x-amz-meta-{n}: {v}\r\nx-goog-meta-{n}: {v}\r\n" for n, v in self.metadata.items())
        size = len(self.data) if length is None else length
        return (
            f'HTTP/1.1 200 OK\r\netag: "{etag}"\r\nx-goog-generation: {self.generation}\r\n{_DATE}{told}'
            f"content-length: {size}\r\n\r\n"
        ).encode()


@dataclass
class ObjectServer:
    """`requests`: the heads of those that came."""

    bucket: str = "bucket"
    url: str = ""
    requests: list[str] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    """By key; `*`: all."""
    _objects: dict[str, Stored] = field(default_factory=dict)
    _generation: int = 1000

    def put(self, key: str, data: str | bytes, **metadata: str) -> None:
        self._generation += 1
        content = data.encode() if isinstance(data, str) else data
        self._objects[key] = Stored(content, self._generation, metadata)

    def delete(self, key: str) -> None:
        del self._objects[key]

    def stored(self, key: str) -> Stored:
        return self._objects[key]

    async def answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        self.requests.append(head)
        path = unquote(head.split(" ", 2)[1].split("?")[0])
        key = path.removeprefix(f"/{self.bucket}/")
        fault = self.faults.get(key) or self.faults.get("*")
        stored = self._objects.get(key)
        if fault is not None:
            await fault(writer)
        elif stored is None:
            writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
        elif f"if-none-match: {_etag(stored)}" in head:
            writer.write(f"HTTP/1.1 304 Not Modified\r\netag: {_etag(stored)}\r\n\r\n".encode())
        else:
            writer.write(stored.head() + stored.data)


def _etag(stored: Stored) -> str:
    return f'"{hashlib.md5(stored.data, usedforsecurity=False).hexdigest()}"'


@asynccontextmanager
async def object_server() -> AsyncIterator[ObjectServer]:
    served = ObjectServer()
    async with by_heads(served.answer) as served.url:
        yield served


def status(code: int, body: str = "") -> Fault:
    """Answers so, whatever is asked."""

    async def fault(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {code} Told\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())

    return fault


def redirect(url: str) -> Fault:
    async def fault(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 307 There\r\nlocation: {url}\r\ncontent-length: 0\r\n\r\n".encode())

    return fault


async def hang(writer: asyncio.StreamWriter) -> None:
    """Never answers."""
    await asyncio.Event().wait()


async def cut(writer: asyncio.StreamWriter) -> None:
    """Ends amid the body."""
    writer.write(Stored(b"model_list", 1, {}).head(length=5000) + b"model_list")
    await writer.drain()
    writer.close()


async def stall(writer: asyncio.StreamWriter) -> None:
    """Says nothing more amid the body."""
    writer.write(Stored(b"model_list", 1, {}).head(length=5000) + b"model_list")
    await asyncio.Event().wait()


async def endless(writer: asyncio.StreamWriter) -> None:
    """A body that says no length and does not end."""
    head = Stored(b"x", 1, {}).head().replace(b"content-length: 1", b"transfer-encoding: chunked")
    writer.write(head)
    while True:
        writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0)


def claims(length: int) -> Fault:
    """A body of that length, of which little comes."""

    async def fault(writer: asyncio.StreamWriter) -> None:
        writer.write(Stored(b"x", 1, {}).head(length=length) + b"x" * 1000)
        await writer.drain()
        await asyncio.Event().wait()

    return fault


async def garbage(writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 smtp.example.com ESMTP\r\n\r\n")
