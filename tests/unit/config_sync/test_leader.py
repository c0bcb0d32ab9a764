"""Who leads: one, then another soon after the first one dies, at once after it stops in order."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from routeiq.config_sync.leader import Alone, Election, NATSSeat
from routeiq.kit.errors import Unavailable
from tests.support.buckets import MemoryKeys

LEASE_S, RENEW_S = 10.0, 3.0


class Replicas:
    """`at`: everybody's clock."""

    def __init__(self) -> None:
        self.keys, self.at = MemoryKeys(), 100.0

    def replica(self, name: str) -> Election:
        seat = NATSSeat(self.keys, "config_sync")
        return Election(seat, name, lease_s=LEASE_S, renew_s=RENEW_S, clock=lambda: self.at)

    async def run(self, *replicas: Election, seconds: float) -> list[bool]:
        """Each has its turn each second. Never do two lead."""
        for _ in range(int(seconds)):
            for one in replicas:
                await one.turn()
            assert sum(one.leading for one in replicas) <= 1
            self.at += 1
        return [one.leading for one in replicas]


@pytest.fixture
def replicas() -> Replicas:
    return Replicas()


async def test_the_first_one_leads_and_goes_on_leading(replicas: Replicas) -> None:
    a, b = replicas.replica("a"), replicas.replica("b")
    assert await replicas.run(a, b, seconds=60) == [True, False]
    assert (a.holder, b.holder) == ("a", "a")
    assert b.expires_in_s is not None


async def test_another_one_follows_within_the_lease_after_a_kill(replicas: Replicas) -> None:
    a, b = replicas.replica("a"), replicas.replica("b")
    await replicas.run(a, b, seconds=10)
    killed_at = replicas.at
    while not b.leading:
        await replicas.run(b, seconds=1)
    assert replicas.at - killed_at <= LEASE_S + 2
    assert not a.leading


async def test_at_once_after_an_orderly_stop(replicas: Replicas) -> None:
    a, b = replicas.replica("a"), replicas.replica("b")
    task = asyncio.create_task(a.run())
    await asyncio.sleep(0.01)
    await b.turn()
    task.cancel()
    await asyncio.wait([task])
    await b.turn()
    assert (a.leading, b.leading, b.holder) == (False, True, "b")


async def test_who_cannot_renew_steps_down_before_another_one_takes_over(replicas: Replicas) -> None:
    a, b = replicas.replica("a"), replicas.replica("b")
    await replicas.run(a, b, seconds=5)

    async def away(key: str) -> None:
        raise Unavailable("no")

    a._seat = NATSSeat(type("Away", (MemoryKeys,), {"get": away, "update": away, "create": away})(), "config_sync")
    for _ in range(20):
        await replicas.run(a, b, seconds=1)
    assert [a.leading, b.leading] == [False, True]


async def test_a_clock_that_stood_still_leads_no_more(replicas: Replicas) -> None:
    a, b = replicas.replica("a"), replicas.replica("b")
    await replicas.run(a, b, seconds=5)
    await replicas.run(b, seconds=20)
    assert not a.leading
    assert await replicas.run(a, b, seconds=5) == [False, True]


async def test_an_entry_that_lapsed_is_free(replicas: Replicas) -> None:
    a, b = replicas.replica("a"), replicas.replica("b")
    await replicas.run(a, b, seconds=5)
    replicas.keys.held.clear()
    await b.turn()
    await a.turn()
    assert [a.leading, b.leading] == [False, True]


async def test_alone_it_leads() -> None:
    alone = Alone("a")
    task = asyncio.create_task(alone.run())
    await asyncio.sleep(0)
    task.cancel()
    assert (alone.leading, alone.holder, alone.expires_in_s) == (True, "a", None)


async def test_that_the_seat_is_away_is_said_once(replicas: Replicas) -> None:
    replicas.keys.away = True
    with capture_logs() as logs:
        await replicas.run(replicas.replica("a"), seconds=5)
    assert [one["event"] for one in logs] == ["leader.unreachable"]
