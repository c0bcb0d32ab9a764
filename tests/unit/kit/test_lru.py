"""The bounded mapping."""

from __future__ import annotations

from routeiq.kit.lru import LRU


def test_what_was_used_least_recently_goes_first() -> None:
    cache: LRU[str, int] = LRU(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert (cache.get("a"), cache.get("b"), cache.get("c"), len(cache)) == (1, None, 3, 2)


def test_no_capacity_keeps_nothing() -> None:
    cache: LRU[str, int] = LRU(0)
    cache.put("a", 1)
    assert cache.get("a") is None


def test_what_is_dropped_is_gone_and_dropping_twice_is_no_error() -> None:
    cache: LRU[str, int] = LRU(2)
    cache.put("a", 1)
    cache.drop("a")
    cache.drop("a")
    assert len(cache) == 0
