"""Several replicas of config-sync over one NATS."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

import pytest

from routeiq.clients.fleet_names import FLEET, LEADER
from routeiq.config_sync.election_settings import Mode
from routeiq.config_sync.fleet_store import FleetStore
from routeiq.config_sync.leader import LEASE_S, Election, NATSSeat
from routeiq.config_sync.record import Plan, Release
from routeiq.config_sync.rollouts import NotLeading, Rollouts
from routeiq.config_sync.roster import Roster
from routeiq.kit.bus import Bus
from routeiq.kit.bus_keys import KeyBucket
from tests.support.buses import connected
from tests.support.servers.nats import NATS
from tests.support.syncing import FAST, config_sync, document, following, write
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.timeout(600)
CAREFUL = "routeiq: {rollout: {settle_s: 0.5, canary: {replicas: 1, observe_s: 3}}}\n"


async def test_any_replica_answers_and_the_next_one_leads_at_once_when_the_leader_stops(
    own_nats: NATS, file: Path, tmp_path: Path
) -> None:
    async with following(own_nats.url, "gateway.a", "gateway.b") as fleet:
        async with config_sync(tmp_path, own_nats.url, mode=Mode.ELECTION, pod="a", file=file) as a:
            await a.until(laggards=[], last_good=1)
            async with config_sync(tmp_path, own_nats.url, mode=Mode.ELECTION, pod="b", file=file, interval_s=0.3) as b:
                said = await b.until(laggards=[], version=(await a.status())["version"])
                while (election := (await b.status())["leader_election"])["holder_id"] != "a":
                    await asyncio.sleep(0.05)
                assert not election["is_leader"]
                assert said["local_config_hash"] == (await a.status())["local_config_hash"]
                write(file, document("two", FAST))
                reloaded = await b.post("/config/reload")
                assert (reloaded["status"], reloaded["replicas"]) == ("success", {"acked": 2, "total": 2})
                missing = await b.ask("POST", "/config/rollback", {"to": 9})
                assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
                assert (await b.post("/config/rollback"))["release"]["number"] == 1
                await a.stop()
                begun = time.monotonic()
                while not (await b.status())["leader_election"]["is_leader"]:
                    await asyncio.sleep(0.05)
                assert time.monotonic() - begun < LEASE_S / 2
                assert (await b.status())["leader_election"]["skipped_sync_count"] >= 1
                write(file, document("three", FAST))
                assert (await b.post("/config/reload"))["release"]["number"] == 3
        assert all("three" in one.document for one in fleet.values())


async def test_the_next_leader_takes_a_canary_on(own_nats: NATS, file: Path, tmp_path: Path) -> None:
    async with following(own_nats.url, "gateway.a", "gateway.b", "gateway.c") as fleet:
        async with config_sync(tmp_path, own_nats.url, mode=Mode.ELECTION, pod="a", file=file) as a:
            await a.until(laggards=[], last_good=1)
            write(file, document("two", CAREFUL))
            said = await a.post("/config/reload")
            assert said["rollout"]["canaries"] == ["gateway.a"]
        assert [name for name, one in fleet.items() if "two" in one.document] == ["gateway.a"]
        async with config_sync(tmp_path, own_nats.url, mode=Mode.ELECTION, pod="b", file=file) as b:
            await b.until(laggards=[], last_good=2)
            assert all("two" in one.document for one in fleet.values())
            assert len((await b.get("/config/versions"))["versions"]) == 2


async def test_a_leader_that_is_killed_is_followed(own_nats: NATS) -> None:
    async with connected(own_nats) as one, connected(own_nats) as other:
        await takes_over(one, other)


async def takes_over(*buses: Bus) -> None:
    a, b = (
        Election(NATSSeat(KeyBucket(bus, LEADER), "config_sync"), name) for bus, name in zip(buses, "ab", strict=True)
    )
    await a.turn()
    assert a.leading
    begun = time.monotonic()
    task = asyncio.create_task(b.run())
    while not b.leading:
        assert time.monotonic() - begun < 45, "fifteen, where the machine has time"
        await asyncio.sleep(0.1)
    assert not a.leading
    await a.turn()
    assert not a.leading
    task.cancel()
    await asyncio.wait([task])


async def nobody() -> Roster:
    return ()


async def test_compare_and_set_fences_on_a_real_server(bus: Bus) -> None:
    old, new = (Rollouts(FleetStore(KeyBucket(bus, FLEET)), nobody, time.time) for _ in range(2))
    await old.take_over("old")
    await old.offer(Release("one"), Plan())
    await new.take_over("new")
    await new.offer(Release("two"), Plan())
    with pytest.raises(NotLeading):
        await old.offer(Release("three"), Plan())
    with pytest.raises(NotLeading):
        await old.roll_back(1, "anna")
    record = await new.go_on()
    assert record.desired
    assert record.desired.release.document == "two"


async def test_a_server_that_lost_all_gets_it_again(own_nats: NATS, file: Path, tmp_path: Path) -> None:
    async with (
        following(own_nats.url, "gateway.a") as fleet,
        config_sync(tmp_path, own_nats.url, file=file, interval_s=60) as sync,
    ):
        before = await sync.until(laggards=[], last_good=1)
        own_nats.kill()
        shutil.rmtree(own_nats.folder / "store")
        own_nats.start()
        async with asyncio.timeout(PATIENCE_S):
            while not (said := await sync.status())["nats"] or said["version"] != before["version"]:
                await asyncio.sleep(0.1)
        await sync.until(laggards=[], replicas={"acked": 1, "total": 1})
        write(file, document("two", FAST))
        assert (await sync.post("/config/reload"))["release"]["number"] == 2
        assert "two" in fleet["gateway.a"].document
