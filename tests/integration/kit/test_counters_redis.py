"""Counters that several processes share: joined, alone, joined again. Redis is a real server."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import pytest

from routeiq.kit.counters import Limit
from routeiq.kit.counters_redis import EVERY_S, IDLE_S, LIVES_S, PREFIX, RedisCounters
from routeiq.kit.redis import TIMEOUT_S, Redis, RedisAway
from tests.support.clocks import WallClock
from tests.support.servers.valkey import PATIENCE_S, Valkey

if TYPE_CHECKING:
    from redis.asyncio import Redis as Client

T = TypeVar("T")
LIMIT = Limit("a", 10)
TOKENS = Limit("t", 100, tokens=True)


async def until(fact: Callable[[], bool], timeout_s: float = 5.0) -> float:
    """Returns: how long it took."""
    begun = time.monotonic()
    async with asyncio.timeout(timeout_s):
        while not fact():
            await asyncio.sleep(0.005)
    return time.monotonic() - begun


@contextlib.asynccontextmanager
async def pair(url: str, *, timeout_s: float = PATIENCE_S) -> AsyncIterator[tuple[RedisCounters, RedisCounters]]:
    """Two that share a minute that does not end."""
    clock = WallClock()
    first, second = (RedisCounters(Redis(url, timeout_s=timeout_s), clock=clock) for _ in range(2))
    for one in (first, second):
        one.start()
    await until(lambda: not (first.alone or second.alone))
    yield first, second
    for one in (first, second):
        await one.close()


def taken(counters: RedisCounters, limit: Limit = LIMIT) -> int:
    """How many it lets in now."""
    count = 0
    while counters.take([limit]) is None:
        count += 1
    return count


async def test_each_learns_what_the_other_counted(valkey: Valkey) -> None:
    async with pair(valkey.url) as (first, second):
        for _ in range(4):
            first.take([LIMIT])
        await asyncio.sleep(4 * EVERY_S)
        second.take([LIMIT])
        assert await until(lambda: second.count("a") == 5) < IDLE_S / 2
        assert taken(second) == 5
        first.add("a", 0)
        assert await until(lambda: first.count("a") == 10) < IDLE_S / 2
        assert taken(first) == 0


async def test_what_is_given_back_is_everyones(valkey: Valkey) -> None:
    async with pair(valkey.url) as (first, second):
        assert first.take([TOKENS], 100) is None
        await asyncio.sleep(4 * EVERY_S)
        second.add("t", 1)
        await until(lambda: second.count("t") == 101)
        first.add("t", -90, first.ends)
        assert second.take([TOKENS], 50) == TOKENS
        assert await until(lambda: second.take([TOKENS], 50) is None) < IDLE_S / 2


async def test_together_they_overshoot_by_two_rounds_at_most(valkey: Valkey) -> None:
    """Each asks a hundred times a second: the limit falls in the middle of it."""
    limit, rate_s = Limit("b", 100), 0.01
    async with pair(valkey.url) as both:

        async def ask(counters: RedisCounters) -> int:
            count, end = 0, time.monotonic() + 1.5
            while time.monotonic() < end:
                count += counters.take([limit]) is None
                await asyncio.sleep(rate_s)
            return count

        let_in = sum(await asyncio.gather(*map(ask, both)))
        within_two_rounds = 2 * (2 * EVERY_S + 0.3) / rate_s  # and what an answer takes on a busy machine
        assert 100 <= let_in <= 100 + within_two_rounds


async def test_what_is_kept_in_redis_ends_by_itself(valkey: Valkey) -> None:
    async with pair(valkey.url) as (first, _):
        first.take([Limit("ends", 1)])
        await first.round()
        redis = Redis(valkey.url, timeout_s=PATIENCE_S)
        name = f"{PREFIX}{first.ends}:ends"
        assert 0 < await redis.run(lambda client: client.ttl(name)) <= LIVES_S
        await redis.close()


class Deaf(Redis):
    """Whatever it did, the answer does not come."""

    lost = 0

    async def run(self, work: Callable[[Client], Awaitable[T]]) -> T:
        answer = await super().run(work)
        if self.lost:
            self.lost -= 1
            raise RedisAway("lost")
        return answer


async def test_what_came_twice_counts_once(valkey: Valkey) -> None:
    deaf = Deaf(valkey.url, timeout_s=PATIENCE_S)
    one = RedisCounters(deaf, clock=WallClock())
    for lost in (1, 1, 0):
        one.take([LIMIT])
        deaf.lost = lost
        with pytest.raises(RedisAway) if lost else contextlib.nullcontext():
            await one.round()
    other = RedisCounters(Redis(valkey.url, timeout_s=PATIENCE_S), clock=one._clock)
    other.add("a", 0)
    await other.round()
    assert other.count("a") == 3
    for each in (one, other):
        await each.close()


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_happens_in_between_in_the_end_all_agree(valkey: Valkey, seed: int) -> None:
    chance, clock, keys = random.Random(seed), WallClock(), ("x", "y", "z")
    all_of_them = [RedisCounters(Redis(valkey.url, timeout_s=PATIENCE_S), clock=clock) for _ in range(3)]
    for _ in range(200):
        one = chance.choice(all_of_them)
        match chance.randrange(10):
            case 0 | 1 | 2:
                await one.round()
            case 3:
                names = [f"{PREFIX}{one.ends}:{key}" for key in keys]
                await one._redis.run(lambda client, names=names: client.delete(*names))  # type: ignore[misc]  # bound
            case _:
                one.add(chance.choice(keys), chance.randrange(-5, 20))
    for one in all_of_them * 2:
        one._changed.update(keys)
        await one.round()
    for key in keys:
        assert {one.count(key) for one in all_of_them} == {sum(one._own.get(key, 0) for one in all_of_them)}
    for one in all_of_them:
        await one.close()


async def test_many_keys_are_told_in_pieces(valkey: Valkey) -> None:
    async with pair(valkey.url) as (first, second):
        for number in range(1000):
            first.take([Limit(f"many-{number}", 5)])
        await first.round()
        for number in range(1000):
            second.take([Limit(f"many-{number}", 5)])
        await second.round()
        assert {second.count(f"many-{number}") for number in range(1000)} == {2}


async def test_without_redis_each_counts_alone_and_then_all_is_joined_again() -> None:
    with Valkey() as server:
        async with pair(server.url) as (first, second):
            first.take([LIMIT])
            await first.round()
            server.kill()
            begun = time.monotonic()
            assert (taken(first), taken(second)) == (9, 10)
            assert time.monotonic() - begun < 1
            await until(lambda: first.alone and second.alone)
            with pytest.raises(RedisAway):
                await first.round()
            server.start()
            assert await until(lambda: not (first.alone or second.alone)) < 3
            await until(lambda: first.full([LIMIT]) is not None and first.count("a") == 20)
            await until(lambda: second.full([LIMIT]) is not None and second.count("a") == 20)


async def test_one_that_is_frozen_holds_nobody_up() -> None:
    with Valkey() as server:
        async with pair(server.url, timeout_s=TIMEOUT_S) as (first, _):
            with server.frozen():
                first.take([LIMIT])
                longest = 0.0
                for _ in range(40):
                    begun = time.monotonic()
                    await asyncio.sleep(0.02)
                    first.take([Limit("other", 1000)])
                    longest = max(longest, time.monotonic() - begun)
                assert longest < 1
                assert first.alone
            assert await until(lambda: not first.alone) < 3


async def test_one_that_refuses_leaves_each_alone(valkey: Valkey) -> None:
    async with pair(valkey.url) as (first, _):
        redis = Redis(valkey.url, timeout_s=PATIENCE_S)
        await redis.run(lambda client: client.set(f"{PREFIX}{first.ends}:odd", b"text", ex=LIVES_S))
        first.take([Limit("odd", 3)])
        await until(lambda: first.alone)
        assert first.take([Limit("odd", 3)]) is None
        await redis.run(lambda client: client.delete(f"{PREFIX}{first.ends}:odd"))
        await until(lambda: not first.alone)
        await redis.close()
