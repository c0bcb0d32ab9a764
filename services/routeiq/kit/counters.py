"""What was counted by key in this minute, against limits. `Counters` is the seam: in one process they are a dictionary,
for many replicas one store that all of them ask.

A minute is one of the clock on the wall, so that whoever counts means the same one; at its end all begin again from 0.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

MINUTE_S = 60


class Limit(NamedTuple):
    """`most` of `key` in a minute, of which `cost` is asked for; 0: something must be left, whatever it comes to."""

    key: str
    most: int
    cost: int = 1


class Counters(Protocol):
    """For one event loop."""

    async def take(self, limits: Sequence[Limit]) -> float:
        """The costs of all of `limits`, or nothing. Returns: 0: they are taken; else after how many seconds to ask
        again. It decides: what `left` says may be old."""
        ...

    def left(self, limits: Sequence[Limit]) -> float:
        """As `take` would answer now by what is known here; nothing is taken, and nobody is waited for."""
        ...

    def add(self, key: str, amount: int) -> None:
        """Count what was not known before, whatever the limit. Nobody waits for it."""
        ...


class MemoryCounters:
    """Of this process alone. It holds the keys of one minute. Args: clock: Unix time."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._minute = 0
        self._counts: dict[str, int] = {}

    async def take(self, limits: Sequence[Limit]) -> float:
        wait_s = self.left(limits)
        if not wait_s:
            for limit in limits:
                self._counts[limit.key] = self._counts.get(limit.key, 0) + limit.cost
        return wait_s

    def left(self, limits: Sequence[Limit]) -> float:
        now = self._turned()
        if all(self._counts.get(limit.key, 0) + max(limit.cost, 1) <= limit.most for limit in limits):
            return 0.0
        return (self._minute + 1) * MINUTE_S - now

    def add(self, key: str, amount: int) -> None:
        self._turned()
        self._counts[key] = self._counts.get(key, 0) + amount

    def _turned(self) -> float:
        now = self._clock()
        minute = int(now // MINUTE_S)
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        return now
