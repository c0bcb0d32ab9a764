"""Counters that several processes share: joined, alone, joined again. Redis is a real server."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import pytest

from routeiq.kit import counters_redis
from routeiq.kit.counters import Limit
from routeiq.kit.counters_redis import EVERY_S, LIVES_S, PREFIX, RedisCounters
from routeiq.kit.redis import TIMEOUT_S, Redis, RedisAway
from tests.support.clocks import WallClock
from tests.support.servers.valkey import Valkey
from tests.support.waiting import LONGER_S, PATIENCE_S, until

if TYPE_CHECKING:
    from redis.asyncio import Redis as Client

T = TypeVar("T")
LIMIT = Limit("a", 10)
TOKENS = Limit("t", 100, tokens=True)


@pytest.fixture(autouse=True)
def never_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens sooner was not found because a minute was over."""
    monkeypatch.setattr(counters_redis, "IDLE_S", LONGER_S)


class Watched(Redis):
    """Knows when it was asked, and had answered: each round of one key is one question."""

    def __init__(self, url: str, *, timeout_s: float) -> None:
        super().__init__(url, timeout_s=timeout_s)
        self.rounds: list[tuple[float, float]] = []

    async def run(self, work: Callable[[Client], Awaitable[T]]) -> T:
        begun = time.monotonic()
        answer = await super().run(work)
        self.rounds.append((begun, time.monotonic()))
        return answer

    def told(self, moment: float) -> float:
        """When the first round that began then had ended."""
        return next((end for begun, end in self.rounds if begun >= moment), math.inf)


def watched(counters: RedisCounters) -> Watched:
    assert isinstance(counters._redis, Watched)
    return counters._redis


@contextlib.asynccontextmanager
async def pair(url: str, *, timeout_s: float = PATIENCE_S) -> AsyncIterator[tuple[RedisCounters, RedisCounters]]:
    """Two that share a minute that does not end."""
    clock = WallClock()
    first, second = (RedisCounters(Watched(url, timeout_s=timeout_s), clock=clock) for _ in range(2))
    for one in (first, second):
        one.start()
    try:
        await until(lambda: not (first.alone or second.alone))
        yield first, second
    finally:
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
        await until(lambda: second.count("a") == 5)
        assert taken(second) == 5
        first.add("a", 0)
        await until(lambda: first.count("a") == 10)
        assert taken(first) == 0


async def test_what_is_given_back_is_everyones(valkey: Valkey) -> None:
    async with pair(valkey.url) as (first, second):
        assert first.take([TOKENS], 100) is None
        await asyncio.sleep(4 * EVERY_S)
        second.add("t", 1)
        await until(lambda: second.count("t") == 101)
        first.add("t", -90, first.ends)
        assert second.take([TOKENS], 50) == TOKENS
        await until(lambda: second.take([TOKENS], 50) is None)


async def test_together_they_overshoot_by_two_rounds_at_most(valkey: Valkey) -> None:
    """Each asks a hundred times a second: the limit falls in the middle of it."""
    limit, rate_s = Limit("b", 100), 0.01
    async with pair(valkey.url) as both:

        async def ask(counters: RedisCounters) -> list[float]:
            let_in, end = [], time.monotonic() + 1.5
            while time.monotonic() < end:
                if counters.take([limit]) is None:
                    let_in.append(time.monotonic())
                await asyncio.sleep(rate_s)
            return let_in

        let_in = await asyncio.gather(*map(ask, both))
        assert sum(map(len, let_in)) >= 100
        reached = sorted(let_in[0] + let_in[1])[99]
        for mine, other, times in zip(both, reversed(both), let_in, strict=True):
            assert times[-1] <= watched(mine).told(watched(other).told(reached))


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


async def test_it_ends_whenever_it_is_closed(valkey: Valkey) -> None:
    """Also in the moment in which redis-py, before Python 3.12, forgets a cancellation: one in twenty of these."""
    for number in range(80):
        one = RedisCounters(Redis(valkey.url, timeout_s=PATIENCE_S), clock=WallClock())
        one.start()
        for key in range(300):
            one.take([Limit(f"ends-{key}", 1000)])
        await asyncio.sleep(number % 8 * 0.004)
        async with asyncio.timeout(PATIENCE_S):
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
            assert time.monotonic() - begun < PATIENCE_S / 2
            await until(lambda: first.alone and second.alone)
            with pytest.raises(RedisAway):
                await first.round()
            server.start()
            await until(lambda: not (first.alone or second.alone))
            await until(lambda: first.full([LIMIT]) is not None and first.count("a") == 20)
            await until(lambda: second.full([LIMIT]) is not None and second.count("a") == 20)


async def test_one_that_is_frozen_holds_nobody_up() -> None:
    with Valkey() as server:
        async with pair(server.url, timeout_s=LONGER_S) as (first, _):
            with server.frozen():
                async with asyncio.timeout(PATIENCE_S):
                    first.take([LIMIT])
                    for _ in range(40):
                        await asyncio.sleep(0.02)
                        first.take([Limit("other", 1000)])
        async with pair(server.url, timeout_s=TIMEOUT_S) as (first, _):
            with server.frozen():
                first.take([LIMIT])
                await until(lambda: first.alone)
            await until(lambda: not first.alone)


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
