"""What both stores of counters promise. Of Redis the server is real, and nobody else counts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from routeiq.kit.counters import Counters, Limit, MemoryCounters
from routeiq.kit.counters_redis import RedisCounters
from routeiq.kit.redis import Redis
from tests.support.clocks import WallClock
from tests.support.servers.valkey import Valkey
from tests.support.waiting import PATIENCE_S

TOKENS = Limit("tokens", 10, tokens=True)


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture(params=["memory", "redis"])
async def counters(request: pytest.FixtureRequest, clock: WallClock) -> AsyncIterator[Counters]:
    if request.param == "memory":
        yield MemoryCounters(clock)
        return
    valkey: Valkey = request.getfixturevalue("valkey")
    made = RedisCounters(Redis(valkey.url, timeout_s=PATIENCE_S), clock=clock)
    made.start()
    yield made
    await made.close()


async def test_all_or_nothing_is_taken(counters: Counters) -> None:
    assert counters.take([Limit("a", 2), Limit("b", 1)]) is None
    assert counters.take([Limit("a", 2), Limit("b", 1)]) == Limit("b", 1)
    assert (counters.count("a"), counters.count("b")) == (1, 1)


async def test_a_new_minute_begins_from_nothing(counters: Counters, clock: WallClock) -> None:
    clock.at += 45
    assert counters.take([Limit("a", 1)]) is None
    assert counters.full([Limit("a", 1)]) is not None
    assert counters.wait_s() == 15
    ended = counters.ends
    clock.at += 15
    assert counters.take([Limit("a", 1)]) is None
    assert counters.ends == ended + 60 == clock.at + 60


async def test_a_clock_that_is_put_back_begins_anew(counters: Counters, clock: WallClock) -> None:
    assert counters.take([Limit("a", 1)]) is None
    clock.at -= 3600
    assert counters.take([Limit("a", 1)]) is None
    assert 0 < counters.wait_s() <= 60


async def test_tokens_are_taken_with_the_request(counters: Counters) -> None:
    assert counters.take([Limit("a", 9), TOKENS], 6) is None
    assert counters.take([Limit("a", 9), TOKENS], 5) == TOKENS
    assert counters.take([Limit("a", 9), TOKENS], 4) is None
    assert (counters.count("a"), counters.count("tokens")) == (2, 10)


async def test_what_is_known_late_counts_and_then_something_must_be_left(counters: Counters) -> None:
    for used in (4, 5):
        assert counters.take([TOKENS]) is None
        counters.add("tokens", used)
    assert counters.full([TOKENS]) is None
    counters.add("tokens", 1)
    assert counters.full([TOKENS]) == TOKENS


async def test_more_than_the_whole_limit_is_taken_where_nothing_else_is_counted(counters: Counters) -> None:
    assert counters.take([TOKENS], 25) is None
    assert counters.take([TOKENS], 1) == TOKENS
    counters.add("tokens", -24, counters.ends)
    assert counters.take([TOKENS], 25) == TOKENS
    assert counters.take([TOKENS], 9) is None


async def test_a_limit_of_zero_lets_nobody_through(counters: Counters) -> None:
    assert counters.take([Limit("a", 0)]) is not None
    for tokens in (0, 1, 100):
        assert counters.take([Limit("a", 0, tokens=True)], tokens) is not None


async def test_looking_takes_nothing(counters: Counters) -> None:
    assert [counters.full([Limit("a", 1)]) for _ in range(3)] == [None] * 3


async def test_of_a_minute_that_is_over_nothing_is_given_back(counters: Counters, clock: WallClock) -> None:
    assert counters.take([TOKENS], 8) is None
    begun = counters.ends
    clock.at += 60
    assert counters.take([TOKENS], 3) is None
    counters.add("tokens", -8, begun)
    assert counters.count("tokens") == 3
    counters.add("tokens", 2, begun)
    assert counters.count("tokens") == 5
