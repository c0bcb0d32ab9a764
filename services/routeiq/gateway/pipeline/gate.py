"""How many requests may run at once, and how those that still run end when the gateway must go.

Over the limit a request is refused before its body is read: 503 with `Retry-After`. At the end of a drain what still
runs is cut short, which `run` turns into an error or a last event.
"""

from __future__ import annotations

import asyncio
from typing import Any

from routeiq.kit.errors import Unavailable
from routeiq.kit.ticker import Ticker


class Overloaded(Unavailable):
    code = "overloaded"


class ShuttingDown(Unavailable):
    code = "shutting_down"


class Gate:
    """Of one gateway. `limit` 0: none. `closed`: what still ran was cut short.

    Use it as `task = gate.enter()`, `try: ... except CancelledError: gate.refuse_if_cut(task); raise finally:
    gate.leave(task)`: the hot path pays for no context manager.
    """

    def __init__(self, limit: int = 0, ticker: Ticker | None = None) -> None:
        self.ticker = ticker or Ticker()
        self._limit = limit
        self._inside: set[asyncio.Task[Any]] = set()
        self.closed = False

    @property
    def inside(self) -> int:
        """Requests that run now."""
        return len(self._inside)

    def enter(self) -> asyncio.Task[Any]:
        """The running task. Raises: Overloaded."""
        if self._limit and len(self._inside) >= self._limit:
            raise Overloaded("The gateway is at its limit of concurrent requests. Try again in a moment.")
        task = self.ticker.task()
        self._inside.add(task)
        return task

    def leave(self, task: asyncio.Task[Any]) -> None:
        """However the request ended."""
        self._inside.discard(task)

    def refuse_if_cut(self, task: asyncio.Task[Any]) -> None:
        """For a cancelled task. Raises: ShuttingDown: the gate was the one that cancelled it."""
        if self.closed and task.uncancel() <= 0:
            raise ShuttingDown("The gateway is shutting down; send the request again.") from None

    def cut(self) -> None:
        """End everything that still runs. Final."""
        self.closed = True
        for task in self._inside:
            task.cancel()
