"""How many requests may run at once, and how those that still run end when the gateway must go.

Over the limit a request is refused before its body is read: 503 with `Retry-After`. At the end of a drain what still
runs is cut short, which `run` turns into an error or a last event.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from routeiq.kit.errors import Unavailable
from routeiq.kit.ticker import Ticker


class Overloaded(Unavailable):
    code = "overloaded"


class ShuttingDown(Unavailable):
    code = "shutting_down"


class Cancellable(Protocol):
    """A task, or what stands for one."""

    def cancel(self) -> object: ...


class Gate:
    """Of one gateway. `limit` 0: none. `closed`: what still ran was cut short."""

    def __init__(self, limit: int = 0, ticker: Ticker | None = None) -> None:
        self.ticker = ticker or Ticker()
        self._limit = limit
        self._inside: set[Cancellable] = set()
        self.closed = False

    @property
    def inside(self) -> int:
        """Requests that run now."""
        return len(self._inside)

    def check(self) -> None:
        """Raises: Overloaded: one more would be too many.  ShuttingDown."""
        if self.closed:
            raise shutting_down()
        if self._limit and len(self._inside) >= self._limit:
            raise Overloaded("The gateway is at its limit of concurrent requests. Try again in a moment.")

    def entered(self) -> Entered:
        """The running task is inside in the body of this `with`."""
        return Entered(self)

    def admitted(self) -> Entered:
        """The same for a task that is still to run: it has its place from now on. `check` is the caller's to ask."""
        entered = Entered(self, waits=True)
        self._inside.add(entered)
        return entered

    def add(self, one: Cancellable) -> None:
        """Let it in; `check` is the caller's to ask."""
        self._inside.add(one)

    def leave(self, one: Cancellable) -> None:
        """However the request ended."""
        self._inside.discard(one)

    def cut(self) -> None:
        """End everything that still runs. Final."""
        self.closed = True
        for one in list(self._inside):
            one.cancel()


def shutting_down() -> ShuttingDown:
    return ShuttingDown("The gateway is shutting down; send the request again.")


class Entered:
    """Raises, in its `with`: Overloaded.  ShuttingDown: the gate has cancelled the task."""

    __slots__ = ("_cut", "_gate", "_task", "_waits")

    def __init__(self, gate: Gate, *, waits: bool = False) -> None:
        self._gate = gate
        self._waits = waits
        """It stands for a task that has not begun."""
        self._cut = False

    def cancel(self) -> None:
        """The task will be cancelled as soon as it has begun."""
        self._cut = True

    def __enter__(self) -> None:
        if self._waits:
            self._gate.leave(self)
        else:
            self._gate.check()
        self._task = self._gate.ticker.task()
        self._gate.add(self._task)
        if self._cut:
            self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self._gate.leave(self._task)
        if kind is asyncio.CancelledError and self._gate.closed and self._task.uncancel() <= 0:
            raise shutting_down() from None
