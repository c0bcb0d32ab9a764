"""One piece of work for all who ask for it while it lasts. Who leaves meanwhile leaves the others theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """For one event loop. Nothing of it is kept: who asks when it is over begins it anew."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self._running: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """Raises: what the work raises, to all who wait for it."""
        if self._running is None:
            self._running = asyncio.create_task(self._work(), name="shared")
            self._running.add_done_callback(self._over)
        return await asyncio.shield(self._running)

    def _over(self, task: asyncio.Task[T]) -> None:
        self._running = None
        if not task.cancelled():
            task.exception()  # who waits has it; where nobody does any more, nobody misses it
