"""How many requests may run at once, and how those that still run end when the gateway must go.

Over the limit a request is refused before its body is read: 503 with `Retry-After`. At the end of a drain what still
runs is cut short, which `run` turns into an error or a last event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from routeiq.kit.errors import Unavailable


class Overloaded(Unavailable):
    code = "overloaded"


class ShuttingDown(Unavailable):
    code = "shutting_down"


class Gate:
    """Of one gateway. `limit` 0: none. `closed`: what still ran was cut short."""

    def __init__(self, limit: int = 0) -> None:
        self._limit = limit
        self._inside: set[asyncio.Task[Any]] = set()
        self.closed = False

    @property
    def inside(self) -> int:
        """Requests that run now."""
        return len(self._inside)

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Around one request. Raises: Overloaded.  ShuttingDown: it was cut short."""
        task = asyncio.current_task()
        assert task is not None, "called outside a task"
        if self._limit and len(self._inside) >= self._limit:
            raise Overloaded("The gateway is at its limit of concurrent requests. Try again in a moment.")
        self._inside.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if self.closed and task.uncancel() <= 0:
                raise ShuttingDown("The gateway is shutting down; send the request again.") from None
            raise
        finally:
            self._inside.discard(task)

    def cut(self) -> None:
        """End everything that still runs. Final."""
        self.closed = True
        for task in self._inside:
            task.cancel()
