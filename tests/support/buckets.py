"""Twins of `kit.bus_keys.KeyBucket` and `kit.bus_objects.ObjectBucket`, which keep their promises without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NoReturn

from routeiq.kit.bus import BusUnavailable
from routeiq.kit.bus_keys import Entry, KeyChanged, KeyExists
from routeiq.kit.bus_objects import ObjectMissing


class Away:
    """`away`: there is no connection."""

    def __init__(self) -> None:
        self.away = False

    def _reach(self) -> None:
        if self.away:
            raise BusUnavailable("there is no connection to NATS")


class MemoryKeys(Away):
    """A bucket, which several programs of a test may share. `lapse` and `lose` are what time and a broken disk do.
    `before_write` is called with the key before each change: a test may raise there, or let another go first."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, Entry] = {}
        self.revision = 0
        self.before_write: Callable[[str], None] = lambda key: None
        self._changed: set[asyncio.Event] = set()

    async def get(self, key: str) -> Entry | None:
        self._reach()
        return self.held.get(key)

    async def put(self, key: str, value: bytes) -> int:
        self._before(key)
        return self._put(key, value)

    async def create(self, key: str, value: bytes) -> int:
        self._before(key)
        if key in self.held:
            raise KeyExists(key)
        return self._put(key, value)

    async def update(self, key: str, value: bytes, revision: int) -> int:
        self._before(key)
        self._compare(key, revision)
        return self._put(key, value)

    async def delete(self, key: str, revision: int | None = None) -> None:
        self._before(key)
        if revision is not None:
            self._compare(key, revision)
        self.lapse(key)

    async def entries(self) -> dict[str, Entry]:
        self._reach()
        return dict(self.held)

    async def watch(self, told: Callable[[Mapping[str, Entry]], None]) -> NoReturn:
        changed = asyncio.Event()
        self._changed.add(changed)
        last: Mapping[str, Entry] | None = None
        while True:
            changed.clear()
            if not self.away and self.held != last:
                last = dict(self.held)
                with suppress(Exception):
                    told(last)
            await changed.wait()

    def lapse(self, key: str) -> None:
        self.held.pop(key, None)
        self._tell()

    def lose(self) -> None:
        self.held.clear()
        self._tell()

    def _before(self, key: str) -> None:
        self._reach()
        self.before_write(key)

    def _compare(self, key: str, revision: int) -> None:
        if key not in self.held or self.held[key].revision != revision:
            raise KeyChanged(key)

    def _put(self, key: str, value: bytes) -> int:
        self.revision += 1
        self.held[key] = Entry(value, self.revision)
        self._tell()
        return self.revision

    def _tell(self) -> None:
        for one in self._changed:
            one.set()


class MemoryObjects(Away):
    """An object store."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, bytes] = {}

    async def put(self, name: str, data: bytes) -> None:
        self._reach()
        self.held[name] = data

    async def get(self, name: str) -> bytes:
        self._reach()
        if name not in self.held:
            raise ObjectMissing(name)
        return self.held[name]

    async def exists(self, name: str) -> bool:
        self._reach()
        return name in self.held

    async def names(self) -> list[str]:
        self._reach()
        return sorted(self.held)

    async def delete(self, name: str) -> None:
        self._reach()
        self.held.pop(name, None)

    async def sweep(self) -> int:
        self._reach()
        return 0
