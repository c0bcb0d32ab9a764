"""Replicas follow a fleet's wishes over a real NATS server that goes and comes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from routeiq.clients.fleet_buckets import FleetBuckets
from routeiq.clients.fleet_names import DOCUMENTS, FLEET, REPLICA_TTL_S, REPLICAS, REPORT_EVERY_S
from routeiq.kit.bus import Bus
from routeiq.kit.bus_keys import KeyBucket
from routeiq.kit.bus_objects import ObjectBucket
from routeiq.kit.errors import ConfigurationError
from tests.support.buses import connected, restart
from tests.support.following import Leader, Replica, following, release
from tests.support.servers.nats import NATS

A, B, C = release(1, "a: 1"), release(2, "b: 1"), release(3, "c: 1")


@pytest.fixture
async def bus(own_nats: NATS) -> AsyncIterator[Bus]:
    """The leader's."""
    async with connected(own_nats) as made:
        yield made


@pytest.fixture
async def leader(bus: Bus) -> Leader:
    made = Leader(KeyBucket(bus, FLEET), KeyBucket(bus, REPLICAS), ObjectBucket(bus, DOCUMENTS))
    await made.store("a: 1", "b: 1")
    return made


@asynccontextmanager
async def replicas(own_nats: NATS, *names: str) -> AsyncIterator[list[Replica]]:
    """Each over a connection of its own, if it gets one."""
    buses = [Bus(own_nats.url, name) for name in names]
    for one in buses:
        one.start()
    made = [Replica(FleetBuckets.over(one), name) for one, name in zip(buses, names, strict=True)]
    async with following(*made):
        yield made
    for one in buses:
        await one.close()


async def dealt(leader: Leader, wish: int, *applied: int) -> None:
    """Until every replica has, by order of name, and serves these."""
    await leader.heard(
        lambda roster: (
            [roster[key].applied for key in sorted(roster)] == list(applied)
            and {one.wish for one in roster.values()} == {wish}
        ),
        within_s=20.0,
    )


async def test_a_release_goes_out_is_tried_and_comes_back(own_nats: NATS, leader: Leader) -> None:
    await leader.want(A)
    async with replicas(own_nats, "one", "two") as (one, two):
        await dealt(leader, 1, 1, 1)
        await leader.try_first(B, "one")
        await one.has(2)
        assert two.numbers == [1]
        await leader.end_trial()
        await dealt(leader, 1, 1, 1)
        await dealt(leader, await leader.want(B), 2, 2)
        await dealt(leader, await leader.want(A), 1, 1)
    assert (one.texts, two.texts) == (["a: 1", "b: 1", "a: 1", "b: 1", "a: 1"], ["a: 1", "b: 1", "a: 1"])
    assert await leader.roster() == {}


async def test_one_that_cannot_says_why_and_the_other_goes_on(own_nats: NATS, leader: Leader) -> None:
    async with replicas(own_nats, "one", "two") as (one, _):
        await dealt(leader, await leader.want(A), 1, 1)
        one.fails = ConfigurationError(["config.yaml:3: no"])
        await dealt(leader, await leader.want(B), 1, 2)
        roster = await leader.roster()
        assert [roster[key].error for key in sorted(roster)] == ["config.yaml:3: no", ""]


async def test_a_document_that_comes_late_is_applied_then(own_nats: NATS, leader: Leader) -> None:
    async with replicas(own_nats, "one") as (one,):
        wish = await leader.want(C)
        await leader.heard(lambda roster: "gateway.one" in roster)
        await asyncio.sleep(0.5)
        assert [(said.wish, said.error) for said in (await leader.roster()).values()] == [(0, "")]
        await leader.store("c: 1")
        await dealt(leader, wish, 3)
    assert one.texts == ["c: 1"]


async def test_after_a_restart_of_the_server_wishes_are_followed_and_nothing_is_done_twice(
    own_nats: NATS, leader: Leader, bus: Bus
) -> None:
    async with replicas(own_nats, "one", "two") as (one, two):
        await dealt(leader, await leader.want(A), 1, 1)
        await restart(own_nats, bus)
        await dealt(leader, leader.wish, 1, 1)
        await dealt(leader, await leader.want(B), 2, 2)
    assert (one.numbers, two.numbers) == ([1, 2], [1, 2])


async def test_when_the_server_lost_everything_all_serve_on_and_follow_what_is_wished_then(
    own_nats: NATS, leader: Leader, bus: Bus
) -> None:
    async with replicas(own_nats, "one", "two") as (one, two):
        await dealt(leader, await leader.want(A), 1, 1)
        await restart(own_nats, bus, lose=True)
        await dealt(leader, leader.wish, 1, 1)
        await leader.store("b: 1")
        await dealt(leader, await leader.want(B), 2, 2)
    assert (one.numbers, two.numbers) == ([1, 2], [1, 2])


async def test_who_starts_while_the_server_is_away_comes_to_what_is_wanted(
    own_nats: NATS, leader: Leader, bus: Bus
) -> None:
    await leader.want(A)
    await leader.want(B)
    own_nats.stop()
    async with replicas(own_nats, "one") as (one,):
        await asyncio.sleep(0.3)
        own_nats.start()
        await one.has(2)
    assert one.numbers == [2]


async def test_who_was_killed_lapses_and_the_others_stay(own_nats: NATS, leader: Leader) -> None:
    command = (sys.executable, "-m", "tests.integration.fleet.replica", own_nats.url, "killed")
    wish = await leader.want(A)
    async with replicas(own_nats, "stays"):
        child = await asyncio.create_subprocess_exec(*command)
        try:
            await dealt(leader, wish, 1, 1)
        finally:
            child.kill()
            await child.wait()
        await asyncio.sleep(REPLICA_TTL_S - REPORT_EVERY_S - 1.0)
        assert set(await leader.roster()) == {"gateway.killed", "gateway.stays"}
        await leader.heard(lambda roster: set(roster) == {"gateway.stays"}, within_s=REPORT_EVERY_S + 4.0)
