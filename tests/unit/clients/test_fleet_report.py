"""Others see what a replica serves, as long as it lives."""

from __future__ import annotations

import asyncio
import os

import pytest

from routeiq import __version__
from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.clients import fleet_report
from routeiq.clients.fleet_names import replica_id, replica_key
from routeiq.clients.fleet_report import MOST_ERROR, FleetReport, Serving
from tests.support.buckets import MemoryKeys
from tests.support.buses import running
from tests.support.waiting import LONGER_S, PATIENCE_S, until

KEY = "routing.pod-1"


@pytest.fixture
def roster() -> MemoryKeys:
    return MemoryKeys()


def report_to(roster: MemoryKeys, serving: Serving | None = None) -> FleetReport:
    return FleetReport(roster, "routing", "pod-1", lambda: (5, 1), (lambda: serving) if serving else None)


async def said(roster: MemoryKeys) -> pb.Replica | None:
    entry = await roster.get(KEY)
    return pb.Replica.FromString(entry.value) if entry else None


async def hear(roster: MemoryKeys) -> pb.Replica:
    async with asyncio.timeout(PATIENCE_S):
        while (found := await said(roster)) is None:
            await asyncio.sleep(0.01)
    return found


async def tells(roster: MemoryKeys, wish: int) -> bool:
    found = await said(roster)
    return found is not None and found.wish == wish


@pytest.fixture(autouse=True)
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is heard sooner was not said because it was time."""
    monkeypatch.setattr(fleet_report, "REPORT_EVERY_S", LONGER_S)


async def test_the_first_thing_it_says_is_that_it_lives(roster: MemoryKeys) -> None:
    async with running(asyncio.create_task(report_to(roster).run())):
        found = await hear(roster)
    assert (found.service, found.replica, found.applied, found.version) == ("routing", "pod-1", 0, __version__)
    assert (found.requests, found.failures) == (5, 1)
    assert found.at_ms > 1_700_000_000_000


async def test_it_says_so_again_and_again(roster: MemoryKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_report, "REPORT_EVERY_S", 0.05)
    async with running(asyncio.create_task(report_to(roster).run())):
        await hear(roster)
        roster.lapse(KEY)
        await hear(roster)


async def test_news_are_said_at_once(roster: MemoryKeys) -> None:
    report = report_to(roster)
    async with running(asyncio.create_task(report.run())):
        await hear(roster)
        report.say(4, pb.Release(number=2, config_version="c2", artifact="a"), "x" * (MOST_ERROR + 1))
        await until(lambda: tells(roster, wish=4))
        found = await hear(roster)
    assert (found.wish, found.applied, found.config_version, found.artifact) == (4, 2, "c2", "a")
    assert found.error == "x" * MOST_ERROR


async def test_what_it_knows_itself_counts_more_than_what_the_release_names(roster: MemoryKeys) -> None:
    report = report_to(roster, Serving("c2-o7", "mine"))
    report.say(4, pb.Release(number=2, config_version="c2"), "")
    async with running(asyncio.create_task(report.run())):
        found = await hear(roster)
    assert (found.config_version, found.artifact) == ("c2-o7", "mine")


async def test_when_nobody_hears_it_says_so_again_soon(roster: MemoryKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_report, "RETRY_S", 0.05)
    roster.away = True
    async with running(asyncio.create_task(report_to(roster).run())):
        await asyncio.sleep(0.1)
        roster.away = False
        await hear(roster)


async def test_who_leaves_is_no_longer_there(roster: MemoryKeys) -> None:
    async with running(asyncio.create_task(report_to(roster).run())):
        await hear(roster)
    assert await said(roster) is None


async def test_leaving_while_nobody_hears_is_quick(roster: MemoryKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_report, "RETRY_S", LONGER_S)
    task = asyncio.create_task(report_to(roster).run())
    await hear(roster)
    roster.away = True
    task.cancel()
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.wait([task])
    assert task.cancelled()


def test_a_replica_is_named_as_its_pod_or_by_host_and_process() -> None:
    assert replica_id("gateway-7f-abc") == "gateway-7f-abc"
    assert f"-{os.getpid()}-" in replica_id()
    assert replica_id() != replica_id()


def test_a_key_has_only_what_keys_may_have() -> None:
    assert replica_key("gateway", "host.example*>  é") == "gateway.host-example-----"


async def test_it_names_itself_as_wishes_name_it(roster: MemoryKeys) -> None:
    report = FleetReport(roster, "gateway", "host.example", lambda: (0, 0), None)
    async with running(asyncio.create_task(report.run())), asyncio.timeout(PATIENCE_S):
        while (entry := await roster.get("gateway.host-example")) is None:
            await asyncio.sleep(0.01)
    found = pb.Replica.FromString(entry.value)
    assert f"{found.service}.{found.replica}" == report.key == "gateway.host-example"
