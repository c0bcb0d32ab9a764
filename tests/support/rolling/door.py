"""What stands between config-sync and the object store: open, or a store that fails, or one that says nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from enum import StrEnum
from types import TracebackType
from typing import Self, TypeVar

from tests.support.ports import free_port

T = TypeVar("T")
_FAILURE = (
    b"HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/xml\r\ncontent-length: 51\r\n"
    b"connection: close\r\n\r\n<Error><Code>InternalError</Code><Message/></Error>"
)


class Way(StrEnum):
    """What becomes of a connection."""

    OPEN = "open"
    FAILS = "fails"
    HANGS = "hangs"


class Door:
    """A port that leads to another one, until it is turned. Use as a context manager; its loop has a thread."""

    def __init__(self, port: int) -> None:
        self.way, self.port, self._to = Way.OPEN, free_port(), port
        self._loop = asyncio.new_event_loop()
        self._passing: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def turn(self, way: Way) -> None:
        """For every connection from now on; those that are open are cut."""
        self.way = way
        self._do(self._cut())

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._come, "127.0.0.1", self.port))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.close()
        self._do(self._cut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, what: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    async def _cut(self) -> None:
        passing = tuple(self._passing)
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        try:
            await self._pass(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._passing.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.way is Way.HANGS:
            await asyncio.Event().wait()
        if self.way is Way.FAILS:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_FAILURE)
            await writer.drain()
            return
        from_store, to_store = await asyncio.open_connection("127.0.0.1", self._to)
        try:
            await asyncio.gather(_pour(reader, to_store), _pour(from_store, writer))
        finally:
            to_store.transport.abort()


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
    raise ConnectionError("one side is gone, so the other goes too")
