"""What was counted by key in this minute, against limits. `Counters` is the seam: `MemoryCounters` are of one process,
`kit.counters_redis` of all that share a Redis. Neither ever waits.

A minute is one of the clock on the wall, so that whoever counts means the same one, and a client that is told when it
ends may come again then; at its end all begin again from 0. Within any 60 seconds a limit may thus be had twice: once
before the end of a minute, once after.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

MINUTE_S: Final = 60


class Limit:
    """`most` of `key` in a minute: requests, or tokens. What asks for more tokens than `most` is taken where nothing
    else is counted: it could never be otherwise. 0: nothing ever is. It does not change."""

    __slots__ = ("key", "most", "tokens")

    def __init__(self, key: str, most: int, tokens: bool = False) -> None:
        self.key, self.most, self.tokens = key, most, tokens

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Limit):
            return False
        return self.key == other.key and self.most == other.most and self.tokens == other.tokens

    def __hash__(self) -> int:
        return hash((self.key, self.most, self.tokens))


class Counters(Protocol):
    """For one event loop."""

    @property
    def ends(self) -> int:
        """When the minute ends in which somebody last counted or looked, in Unix time. It names the minute."""
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
        """Count what was not known before, whatever the limit; less than 0 is given back. Args: since: what `ends` was
        when it was taken: of a minute that is over nothing is given back."""
        ...

    def count(self, key: str) -> int:
        """In this minute."""
        ...

    def left(self, limits: Sequence[Limit]) -> list[int]:
        """Of each, in the minute that `ends` names; less than 0 where it was exceeded."""
        ...

    def wait_s(self) -> float:
        """Until that minute ends."""
        ...


class MemoryCounters:
    """Of this process alone. It holds the keys of one minute. Args: clock: Unix time."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._begins = self.ends = 0
        self.alone = False
        self._counts: dict[str, int] = {}

    def take(self, limits: Sequence[Limit], tokens: int = 0) -> Limit | None:
        full = self.full(limits, tokens)
        if full is None:
            for limit in _each(limits):
                self._count(limit.key, tokens if limit.tokens else 1)
        return full

    def full(self, limits: Sequence[Limit], tokens: int = 0) -> Limit | None:
        self._follow()
        counts = self._counts
        for limit in _each(limits):
            most, cost = limit.most, 1
            if limit.tokens and tokens > 1:
                cost = tokens if tokens < most else most or 1
            if counts.get(limit.key, 0) + cost > most:
                return limit
        return None

    def add(self, key: str, amount: int, since: int | None = None) -> None:
        self._follow()
        if amount > 0 or since is None or since == self.ends:
            self._count(key, amount)

    def count(self, key: str) -> int:
        self._follow()
        return self._counts.get(key, 0)

    def left(self, limits: Sequence[Limit]) -> list[int]:
        counts = self._counts
        return [limit.most - counts.get(limit.key, 0) for limit in _each(limits)]

    def wait_s(self) -> float:
        return max(self.ends - self._clock(), 0.0)

    def _count(self, key: str, amount: int) -> None:
        self._counts[key] = self._counts.get(key, 0) + amount

    def _follow(self) -> None:
        """The clock, which may also have been put back."""
        now = self._clock()
        if not self._begins <= now < self.ends:
            self._begins = int(now) // MINUTE_S * MINUTE_S
            self.ends = self._begins + MINUTE_S
            self._turn()

    def _turn(self) -> None:
        """A minute begins."""
        self._counts = {}


def _each(limits: Sequence[Limit]) -> tuple[Limit, ...]:
    """What is gone through fast."""
    return limits if isinstance(limits, tuple) else tuple(limits)
