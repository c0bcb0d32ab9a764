"""Connections to a NATS server."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, NoReturn, Protocol

from routeiq.kit.bus import Bus
from routeiq.kit.bus_keys import Entry
from tests.support.servers.nats import NATS
from tests.support.waiting import until

Values = dict[str, bytes]


@asynccontextmanager
async def connected(server: NATS) -> AsyncIterator[Bus]:
    """A bus of its own."""
    bus = Bus(server.url, "test")
    bus.start()
    try:
        await until(lambda: bus.connected)
        yield bus
    finally:
        await bus.close()


@asynccontextmanager
async def running(*tasks: asyncio.Task[Any]) -> AsyncIterator[None]:
    """They are ended with the block. What one of them raised is raised here."""
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def restart(server: NATS, *buses: Bus, lose: bool = False) -> None:
    """It is killed and comes back, until all of `buses` have noticed. Args: lose: with an empty disk."""
    server.kill()
    await until(lambda: not any(bus.connected for bus in buses))
    if lose:
        shutil.rmtree(server.folder / "store")
    server.start()
    await until(lambda: all(bus.connected for bus in buses))


class Watchable(Protocol):
    """A bucket of keys."""

    async def watch(self, told: Callable[[Mapping[str, Entry]], None]) -> NoReturn: ...


class Watcher:
    """All that it was told, in order."""

    def __init__(self) -> None:
        self.told: list[Values] = []

    def hear(self, entries: Mapping[str, Entry]) -> None:
        self.told.append({key: entry.value for key, entry in entries.items()})

    async def until(self, values: Values) -> None:
        await until(lambda: self.told[-1:] == [values])


@asynccontextmanager
async def watching(bucket: Watchable) -> AsyncIterator[Watcher]:
    watcher = Watcher()
    async with running(asyncio.create_task(bucket.watch(watcher.hear))):
        yield watcher


async def outcomes(*attempts: Awaitable[int]) -> list[type]:
    """What each of them gave, by type, in order of the types' names."""
    found = await asyncio.gather(*attempts, return_exceptions=True)
    return sorted(map(type, found), key=lambda one: one.__name__)
