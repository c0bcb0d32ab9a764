"""What control was asked, kept: so that who asks often never waits, and nobody is told what is no longer so.

An answer is good for `ttl_s`. Asked for in the last part of that time it is renewed beside, so that what is in use
never ends. After it, who asks waits, a moment only if there is an old answer: with control away that serves on, up to
`stale_s`. Each key is asked for once at a time. What control said does not exist is kept for a short while, in a place
of its own, where it can push out nothing that does.

`forget` drops what a change touched; an answer that was on its way meanwhile is not kept but asked for again. After
changes may have been lost, `doubt` has all that is known looked at soon: renewed beside at its next use, and from a
second later on waited for. Each has its own moment for that, so that not all are asked for at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from math import inf
from typing import Generic, NamedTuple, Protocol, TypeVar

from routeiq.gateway.callers.shelf import Entry, Shelf
from routeiq.kit.errors import Unavailable

V = TypeVar("V")
S = TypeVar("S", contravariant=True)
S2 = TypeVar("S2")

TTL_S = 60.0
UNKNOWN_TTL_S = 10.0
STALE_S = 24 * 3600.0
RENEW_AT = 0.75
"""Of an answer's time: from then on it is renewed by whoever asks for it."""
RETRY_S = 1.0
"""Between attempts to renew one."""
PROBE_S = 0.25
"""In trouble: between attempts to renew any. One that succeeds ends it; then each is renewed as it is used."""
UNKNOWN = 500
"""Of what does not exist, so many are kept: who tries keys at random never tries one twice."""
PATIENCE_S = 0.25
"""How long somebody waits for a newer answer where there is an old one."""
ATTEMPTS = 3
"""For an answer that is overtaken by changes; the last one serves who waited for it, and is not kept."""
MOST_ASKED = 256
"""Questions at one time; more, and who asks is to come again."""
MOST_WAITING = 2_000
"""For all of those answers; one more, and it is to come again."""
MOST_DOUBTED_PER_S = 250
"""Answers that come to be looked at again in one second: about as many as a full cache renews at any time."""
DOUBT_S = 1.0
"""So long one that is in doubt serves while it is looked at."""
MOST_UNKNOWN_PER_S = 500
"""Answers "there is none" in one second; more, and the next new question is to come again."""


def _nothing() -> None:
    """Nobody else keeps it."""


class Said(NamedTuple, Generic[V]):
    """An answer. `labels`: what it depends on. `valid_s`: how long it holds by itself. `age_s`: how old it is.
    `kept`: called if it is kept, which an answer is not that a change has overtaken. `good_s`: how long no newer one is
    better; from then on who asks waits for that, if control is there."""

    value: V
    labels: frozenset[str]
    exists: bool = True
    age_s: float = 0.0
    valid_s: float = inf
    kept: Callable[[], None] = _nothing
    good_s: float = inf


class Asks(Protocol[S, V]):
    """Gets an answer. `again`: not one from before now. Raises: Unavailable: nobody can say."""

    async def __call__(self, subject: S, /, *, again: bool) -> Said[V]: ...


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds."""

    ttl_s: float = TTL_S
    unknown_ttl_s: float = UNKNOWN_TTL_S
    stale_s: float = STALE_S


class Flight(Generic[V]):
    """A question on its way. `changed`: the labels that were forgotten since."""

    __slots__ = ("changed", "task")

    def __init__(self) -> None:
        self.changed: set[str] = set()
        self.task: asyncio.Task[Said[V]]


class Lookup(Generic[S2, V]):
    """For one event loop. `close` it. `away`: whether control is known not to answer."""

    def __init__(
        self,
        ask: Asks[S2, V],
        *,
        timing: Timing,
        capacity: int,
        away: Callable[[], bool] = lambda: False,
        count: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args: count: called with `asked`, `unknown`, `stale`, `unavailable` or `refused`, as it happens."""
        self._ask, self._timing, self._away, self._count, self._clock = ask, timing, away, count, clock
        self._known, self._unknown = Shelf[V](capacity), Shelf[V](min(capacity, UNKNOWN))
        self._flights: dict[Hashable, Flight[V]] = {}
        self._second, self._unknown_in_second, self._probe_at = 0, 0, 0.0
        self._waiting = 0
        self._doubts = 0
        self._trouble = False
        """The last question had no answer, or none soon: nobody is to wait while there is an old answer."""
        self.entries = self._known.entries
        """For who is in a hurry: an entry whose `due` has not come is as good as an answer."""

    def at_once(self, key: Hashable) -> V | None:
        """The answer; None: it has to be waited for, with `get`."""
        entry = self.entries.get(key)
        if entry is None:
            return self._not_there(key)
        self.entries.move_to_end(key)
        now = self._clock()
        return entry.value if now < entry.due else self._late(key, entry, now)

    async def get(self, key: Hashable, subject: S2) -> V:
        """Raises: Unavailable: nobody can say, and nothing old is left."""
        found = self.at_once(key)
        if found is not None:
            return found
        known = self._old(key) is not None
        if not known:
            self._admit(key)
        flight = self._flights.get(key) or self._start(key, subject)
        try:
            return await self._wait(flight, PATIENCE_S if known else None)
        except (Unavailable, TimeoutError):
            self._trouble = True
            old = self._old(key)  # it may have been forgotten meanwhile
            if old is None:
                self._count("unavailable")
                raise
            self._count("stale")
            return old

    def forget(self, labels: Collection[str]) -> None:
        """What depends on any of them is no longer so."""
        for flight in self._flights.values():
            flight.changed.update(labels)
        for shelf in (self._known, self._unknown):
            for label in labels:
                for key in shelf.labelled(label):
                    shelf.drop(key)

    def doubt(self) -> None:
        """Any of it may have changed unheard, and everything may exist now. What was used last is looked at first."""
        self._doubts += 1
        for key in list(self._unknown.entries):
            self._unknown.drop(key)
        now = self._clock()
        for position, entry in enumerate(reversed(self.entries.values())):
            begins = now + position / MOST_DOUBTED_PER_S
            entry.retry_at = min(begins, self._renewed_at(entry))
            entry.ends_at = min(begins + DOUBT_S, entry.ends_at)
            entry.due = min(begins, entry.due)

    async def close(self) -> None:
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait(self, flight: Flight[V], patience_s: float | None) -> V:
        self._waiting += 1
        try:
            async with asyncio.timeout(patience_s):
                return (await asyncio.shield(flight.task)).value
        finally:
            self._waiting -= 1

    def _not_there(self, key: Hashable) -> V | None:
        entry = self._unknown.entries.get(key)
        return entry.value if entry is not None and self._clock() < entry.ends_at else None

    def _late(self, key: Hashable, entry: Entry[V], now: float) -> V | None:
        """Its time is over, or nearly; or it is to be looked at each time."""
        renewed_at, trouble = self._renewed_at(entry), self._in_trouble()
        due = now >= (min(renewed_at, self._probe_at) if trouble else renewed_at)
        if due and key not in self._flights and len(self._flights) < MOST_ASKED:
            entry.retry_at, self._probe_at = now + RETRY_S, now + PROBE_S
            if now < entry.ends_at or trouble:
                self._start(key, entry.subject)  # type: ignore[arg-type]  # what it was made from
        if now < entry.ends_at:
            return entry.value
        if now < entry.stale_until and trouble:
            self._count("stale")
            return entry.value
        return None

    def _renewed_at(self, entry: Entry[V]) -> float:
        """From then on its next use has it renewed."""
        return max(entry.ends_at - self._timing.ttl_s * (1 - RENEW_AT), entry.retry_at)

    def _in_trouble(self) -> bool:
        return self._trouble or self._away()

    def _old(self, key: Hashable) -> V | None:
        entry = self._known.entries.get(key)
        return entry.value if entry is not None and self._clock() < entry.stale_until else None

    def _admit(self, key: Hashable) -> None:
        """Strangers cannot make this ask any number of questions, nor keep any number of requests. What is known is no
        stranger. Raises: Unavailable."""
        second = int(self._clock())
        if second != self._second:
            self._second, self._unknown_in_second = second, 0
        asks = key not in self._flights
        many = len(self._flights) >= MOST_ASKED or self._unknown_in_second >= MOST_UNKNOWN_PER_S
        if self._waiting >= MOST_WAITING or (asks and many):
            self._count("refused")
            raise Unavailable("Too many unknown keys are being looked up. Try again shortly.")

    def _start(self, key: Hashable, subject: S2) -> Flight[V]:
        flight = self._flights[key] = Flight[V]()
        flight.task = asyncio.create_task(self._fly(key, subject, flight), name="lookup")
        flight.task.add_done_callback(lambda task: self._landed(key, task))
        return flight

    def _landed(self, key: Hashable, task: asyncio.Task[Said[V]]) -> None:
        del self._flights[key]
        if not task.cancelled():
            self._trouble = task.exception() is not None  # who waits for it has it; beside, nobody misses it

    async def _fly(self, key: Hashable, subject: S2, flight: Flight[V]) -> Said[V]:
        again = key in self._known.entries
        for _ in range(ATTEMPTS):
            flight.changed.clear()
            self._count("asked")
            doubts, asked_at = self._doubts, self._clock()
            said = await self._ask(subject, again=again)
            if doubts == self._doubts and flight.changed.isdisjoint(said.labels):
                self._keep(key, subject, said, asked_at)
                said.kept()
                break
            again = True
        return said

    def _keep(self, key: Hashable, subject: S2, said: Said[V], asked_at: float) -> None:
        """Its time runs from the question: what changed since, the answer may not know."""
        now, timing = self._clock(), self._timing
        entry = Entry(said.value, said.labels, subject)
        if not said.exists:
            self._count("unknown")
            self._unknown_in_second += 1
            self._known.drop(key)
            entry.ends_at = asked_at + timing.unknown_ttl_s
            self._unknown.put(key, entry)
            return
        entry.ends_at = asked_at - said.age_s + timing.ttl_s
        entry.stale_until = asked_at - said.age_s + max(timing.stale_s, timing.ttl_s)
        entry.retry_at = now + (RETRY_S if said.age_s > timing.ttl_s else 0.0)
        renewed_at = entry.ends_at - timing.ttl_s * (1 - RENEW_AT)
        entry.due = min(renewed_at, now + said.valid_s, now + said.good_s)
        if now + said.good_s < entry.ends_at:
            entry.ends_at = now + said.good_s
            entry.retry_at = max(entry.retry_at, min(renewed_at, entry.ends_at))  # not sooner: it would be no better
        self._unknown.drop(key)
        self._known.put(key, entry)
