"""Bytes that are kept for a while, by key. `Cache` is the seam: in one process an LRU, for many replicas one store.

What is kept may be gone at any time, and nobody fails because it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from routeiq.kit.lru import LRU


class Cache(Protocol):
    """For one event loop."""

    async def get(self, key: bytes) -> bytes | None: ...

    async def put(self, key: bytes, value: bytes, ttl_s: float) -> None:
        """It may be left out: too long, or nobody can keep it now."""
        ...


class MemoryCache:
    """Of this process alone. Args: capacity: entries.  longest: bytes of one."""

    def __init__(self, capacity: int, longest: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries: LRU[bytes, tuple[float, bytes]] = LRU(capacity)
        self._longest, self._clock = longest, clock

    async def get(self, key: bytes) -> bytes | None:
        found = self._entries.get(key)
        if found is not None and self._clock() >= found[0]:
            self._entries.drop(key)
            return None
        return found[1] if found is not None else None

    async def put(self, key: bytes, value: bytes, ttl_s: float) -> None:
        if len(value) <= self._longest:
            self._entries.put(key, (self._clock() + ttl_s, value))
