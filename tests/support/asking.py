"""A lookup whose control and clock the test turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf

from routeiq.gateway.callers.lookup import Lookup, Said, Timing
from routeiq.kit.errors import Unavailable


class Oracle:
    """Answers with its number of the question; `labels` are what the answer depends on."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.away = False
        self.fails = False
        self.exists = True
        self.age_s = 0.0
        self.good_s = inf
        self.kept: list[int] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def __call__(self, subject: str, /, *, again: bool) -> Said[int]:
        self.asked.append((subject, again))
        number = len(self.asked)
        await self.gate.wait()
        self.meanwhile()
        if self.fails:
            raise Unavailable("as the test says")
        labels = frozenset({f"k:{subject}", "t:team"})
        return Said(number, labels, self.exists, self.age_s, kept=lambda: self.kept.append(number), good_s=self.good_s)


class Desk:
    def __init__(self, capacity: int = 10) -> None:
        self.oracle, self.now, self.counts = Oracle(), 1000.0, list[str]()
        self.lookup: Lookup[str, int] = Lookup(
            self.oracle,
            timing=Timing(60, 10, 3600),
            capacity=capacity,
            away=lambda: self.oracle.away,
            count=self.counts.append,
            clock=lambda: self.now,
        )

    async def get(self, key: str = "a") -> int:
        return await self.lookup.get(key, key)
