"""Work that may wait a moment, done for many at once: its code stays hot, and each piece costs the request an append.

What is added in the last moment is lost if the process is killed; an orderly stop flushes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

WAIT_S: Final = 0.005
"""Enough for company under load, and so short that what is added has not left the processor's caches."""
MOST: Final = 512


class Batch(Generic[T]):
    """For one event loop. `handle` gets what was added, in order, at the latest WAIT_S after the first of it."""

    __slots__ = ("_handle", "_items", "_loop", "_timer")

    def __init__(self, handle: Callable[[list[T]], None]) -> None:
        self._handle = handle
        self._items: list[T] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def add(self, item: T) -> None:
        """Call it in the running loop."""
        items = self._items
        items.append(item)
        if self._timer is None:
            if self._loop is None:
                self._loop = asyncio.get_running_loop()
            self._timer = self._loop.call_later(WAIT_S, self.flush)
        elif len(items) >= MOST:
            self.flush()

    def flush(self) -> None:
        """Handle what is there now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._items:
            items, self._items = self._items, []
            self._handle(items)
