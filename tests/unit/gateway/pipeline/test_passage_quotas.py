"""A provider's limits, on requests that take no task."""

from __future__ import annotations

from routeiq.config.quota import Quota
from routeiq.gateway.pipeline.quotas import Quotas
from routeiq.kit.counters import MemoryCounters
from tests.support.clocks import WallClock
from tests.support.passing import TwinExchange, task_of
from tests.support.prompt_gateway import CHAT, FINE, Bench, bench, member
from tests.support.streams import STREAM

QUOTA = Quota("p", 2, 1000)


async def one_of(counters: MemoryCounters, quota: Quota = QUOTA) -> Bench:
    return await bench(member(quota=quota), connections=2, counters=counters)


async def test_what_a_provider_may_have_takes_no_task_and_then_it_is_full() -> None:
    counters = MemoryCounters(WallClock())
    one = await one_of(counters)
    one.pool.script.extend([FINE, FINE])
    for _ in range(2):
        assert (await one.passed()).status == 200
    assert Quotas(counters).left(QUOTA) == 60
    assert counters.count("provider:p:tokens") == 16
    third = one.begin(CHAT)
    await task_of(third)
    assert (third.status, third.headers["retry-after"]) == (429, "60")
    assert counters.count("provider:p:requests") == 2
    assert one.idle


async def test_a_call_that_finds_no_connection_takes_one_request() -> None:
    counters = MemoryCounters(WallClock())
    one = Bench(member(quota=QUOTA), counters=counters)
    one.pool.script.append(FINE)
    client: TwinExchange = one.begin(CHAT)
    await task_of(client)
    assert client.status == 200
    assert counters.count("provider:p:requests") == 1


async def test_tokens_that_are_used_up_stop_streams_too() -> None:
    counters = MemoryCounters(WallClock())
    one = await one_of(counters, Quota("p", 9, 8))
    one.pool.script.append(FINE)
    await one.passed()
    second = one.begin(STREAM)
    await task_of(second)
    assert second.status == 429
