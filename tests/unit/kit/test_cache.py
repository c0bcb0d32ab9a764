"""What was kept for a while."""

from __future__ import annotations

from routeiq.kit.cache import MemoryCache
from tests.support.clocks import WallClock


async def test_what_is_kept_ends_with_its_time_and_the_oldest_goes_first() -> None:
    clock = WallClock()
    cache, begun = MemoryCache(2, 5, clock), clock.at
    await cache.put(b"a", b"1", 10)
    clock.at = begun + 9.5
    assert await cache.get(b"a") == b"1"
    clock.at = begun + 10
    assert await cache.get(b"a") is None
    for key in (b"a", b"b", b"c"):
        await cache.put(key, key, 10)
    assert [await cache.get(key) for key in (b"a", b"b", b"c")] == [None, b"b", b"c"]


async def test_what_is_too_long_is_not_kept() -> None:
    cache = MemoryCache(2, 5)
    await cache.put(b"a", b"123456", 10)
    assert await cache.get(b"a") is None
