"""Counts of a minute, and what was kept for a while."""

from __future__ import annotations

from routeiq.kit.cache import MemoryCache
from routeiq.kit.counters import Limit, MemoryCounters


class Clock:
    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


async def test_all_or_nothing_is_taken() -> None:
    counters = MemoryCounters(Clock(0))
    assert await counters.take([Limit("a", 2), Limit("b", 1)]) == 0
    assert await counters.take([Limit("a", 2), Limit("b", 1)]) > 0
    assert counters.left([Limit("a", 2)]) == 0


async def test_a_new_minute_begins_from_nothing() -> None:
    clock = Clock(45)
    counters = MemoryCounters(clock)
    assert await counters.take([Limit("a", 1)]) == 0
    assert await counters.take([Limit("a", 1)]) == 15
    clock.at = 60
    assert await counters.take([Limit("a", 1)]) == 0


async def test_what_is_known_late_counts_and_then_something_must_be_left() -> None:
    counters, limit = MemoryCounters(Clock(0)), [Limit("tokens", 10, 0)]
    for used in (4, 5):
        assert await counters.take(limit) == 0
        counters.add("tokens", used)
    assert counters.left(limit) == 0
    counters.add("tokens", 1)
    assert counters.left(limit) == 60


async def test_a_limit_of_zero_lets_nobody_through() -> None:
    counters = MemoryCounters(Clock(0))
    assert await counters.take([Limit("a", 0)]) > 0
    assert await counters.take([Limit("a", 0, 0)]) > 0


async def test_looking_takes_nothing() -> None:
    counters = MemoryCounters(Clock(0))
    assert [counters.left([Limit("a", 1)]) for _ in range(3)] == [0, 0, 0]


async def test_what_is_kept_ends_with_its_time_and_the_oldest_goes_first() -> None:
    clock = Clock(0)
    cache = MemoryCache(2, 5, clock)
    await cache.put(b"a", b"1", 10)
    clock.at = 9.9
    assert await cache.get(b"a") == b"1"
    clock.at = 10
    assert await cache.get(b"a") is None
    for key in (b"a", b"b", b"c"):
        await cache.put(key, key, 10)
    assert [await cache.get(key) for key in (b"a", b"b", b"c")] == [None, b"b", b"c"]


async def test_what_is_too_long_is_not_kept() -> None:
    cache = MemoryCache(2, 5)
    await cache.put(b"a", b"123456", 10)
    assert await cache.get(b"a") is None
