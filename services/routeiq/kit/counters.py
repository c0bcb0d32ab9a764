"""What was counted by key in this minute, against limits. `Counters` is the seam: `MemoryCounters` are of one process,
`kit.counters_redis` of all that share a Redis. Neither ever waits.

A minute is one of the clock on the wall, so that whoever counts means the same one, and a client that is told when it
ends may come again then; at its end all begin again from 0. Within any 60 seconds a limit may thus be had twice: once
before the end of a minute, once after.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

MINUTE_S = 60


class Limit(NamedTuple):
    """`most` of `key` in a minute: requests, or tokens. What asks for more tokens than `most` is taken where nothing
    else is counted: it could never be otherwise. 0: nothing ever is."""

    key: str
    most: int
    tokens: bool = False


class Counters(Protocol):
    """For one event loop."""

    @property
    def minute(self) -> int:
        """The number of this one, since 1970."""
        ...

    @property
    def alone(self) -> bool:
        """Whether others should be counted, too, and cannot be now."""
        ...

    def take(self, limits: Sequence[Limit], tokens: int = 0) -> Limit | None:
        """A request and its `tokens` from all of `limits`, or nothing. Returns: None: they are taken; else which limit
        does not let it."""
        ...

    def full(self, limits: Sequence[Limit], tokens: int = 0) -> Limit | None:
        """As `take` would answer now. Nothing is taken."""
        ...

    def add(self, key: str, amount: int, since: int | None = None) -> None:
        """Count what was not known before, whatever the limit; less than 0 is given back. Args: since: the minute in
        which it was taken: of one that is over nothing is given back."""
        ...

    def count(self, key: str) -> int:
        """In this minute."""
        ...

    def wait_s(self) -> float:
        """Until the end of this minute."""
        ...


class MemoryCounters:
    """Of this process alone. It holds the keys of one minute. Args: clock: Unix time."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._begins = self._ends = 0.0
        self._counts: dict[str, int] = {}

    @property
    def alone(self) -> bool:
        return False

    @property
    def minute(self) -> int:
        self._follow()
        return int(self._begins) // MINUTE_S

    def take(self, limits: Sequence[Limit], tokens: int = 0) -> Limit | None:
        full = self.full(limits, tokens)
        if full is None:
            for key, _, of_tokens in limits:
                self._count(key, tokens if of_tokens else 1)
        return full

    def full(self, limits: Sequence[Limit], tokens: int = 0) -> Limit | None:
        self._follow()
        counted = self._counts.get
        for limit in limits:
            key, most, of_tokens = limit
            cost = max(1, min(tokens, most)) if of_tokens else 1
            if counted(key, 0) + cost > most:
                return limit
        return None

    def add(self, key: str, amount: int, since: int | None = None) -> None:
        if amount > 0 or since is None or since == self.minute:
            self._follow()
            self._count(key, amount)

    def count(self, key: str) -> int:
        self._follow()
        return self._counts.get(key, 0)

    def wait_s(self) -> float:
        return self._ends - self._follow()

    def _count(self, key: str, amount: int) -> None:
        self._counts[key] = self._counts.get(key, 0) + amount

    def _follow(self) -> float:
        """The clock, which may also have been put back. Returns: what it says."""
        now = self._clock()
        if not self._begins <= now < self._ends:
            self._begins = now // MINUTE_S * MINUTE_S
            self._ends = self._begins + MINUTE_S
            self._turn()
        return now

    def _turn(self) -> None:
        """A minute begins."""
        self._counts = {}
