"""A leader that dies at each of its writes in turn, over real NATS and replicas: the next one ends what it began."""

from __future__ import annotations

import asyncio
import time

import pytest

from routeiq.clients.fleet_names import DOCUMENTS, FLEET, REPLICAS
from routeiq.config.bundle import Bundle
from routeiq.config_sync.fleet_store import FleetStore
from routeiq.config_sync.live_replicas import LiveReplicas
from routeiq.config_sync.record import Plan, Record, Release
from routeiq.config_sync.rollouts import Rollouts
from routeiq.kit.bus import Bus
from routeiq.kit.bus_keys import Entry, KeyBucket
from routeiq.kit.bus_objects import ObjectBucket
from tests.support.servers.nats import NATS
from tests.support.syncing import Follower, document, following
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.timeout(600)
STRAIGHT = Plan(settle_s=0.1)
CAREFUL = Plan(canary_replicas=1, observe_s=0.2, settle_s=0.1)


class Killed(BaseException):
    """A process that ends."""


class Mortal:
    """The keys, as a leader reaches them that dies at its write of a number."""

    def __init__(self, keys: KeyBucket, writes: int) -> None:
        self._keys, self._left = keys, writes

    async def get(self, key: str) -> Entry | None:
        return await self._keys.get(key)

    async def create(self, key: str, value: bytes) -> int:
        self._count()
        return await self._keys.create(key, value)

    async def update(self, key: str, value: bytes, revision: int) -> int:
        self._count()
        return await self._keys.update(key, value, revision)

    async def delete(self, key: str, revision: int | None = None) -> None:
        self._count()
        await self._keys.delete(key, revision)

    def _count(self) -> None:
        self._left -= 1
        if not self._left:
            raise Killed


def leader(bus: Bus, writes: int = 0) -> Rollouts:
    """Args: writes: at which one it dies; 0: it does not."""
    store = FleetStore(Mortal(KeyBucket(bus, FLEET), writes))
    return Rollouts(store, LiveReplicas(KeyBucket(bus, REPLICAS)), time.time)


async def release(bus: Bus, name: str) -> Release:
    bundle = Bundle("config.yaml", {"config.yaml": document(name)})
    await ObjectBucket(bus, DOCUMENTS).put(bundle.digest, bundle.pack())
    return Release(bundle.digest, config_version=f"c{name}")


async def ended(rollouts: Rollouts) -> Record:
    async with asyncio.timeout(PATIENCE_S):
        while (record := await rollouts.go_on()).rollout:
            await asyncio.sleep(0.02)
    return record


async def serve(followers: dict[str, Follower], name: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not all(f"simulated/{name}}}" in one.document for one in followers.values()):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("broken", ["", "gateway.b"])
@pytest.mark.parametrize("plan", [STRAIGHT, CAREFUL])
async def test_each_write_may_be_the_last(own_nats: NATS, bus: Bus, plan: Plan, broken: str) -> None:
    async with following(own_nats.url, "gateway.a", "gateway.b", "gateway.c") as followers:
        killed, writes, wanted = True, 0, "start"
        await leader(bus).take_over("start")
        while killed:
            writes += 1
            before, name = wanted, f"new{writes}"
            if broken:
                followers[broken].broken = f"simulated/{name}}}"
            new = await release(bus, name)
            killed = await die(leader(bus, writes), f"dies{writes}", new, plan)
            next_one = leader(bus)
            await next_one.take_over(f"next{writes}")
            await next_one.offer(new, plan)
            record = await ended(next_one)
            wanted = before if broken and before != "start" else name
            if broken and before == "start":
                assert record.desired is None
                followers[broken].broken, wanted = "", name
                await next_one.offer(new, STRAIGHT, force=True)
                await ended(next_one)
            await serve(followers, wanted)
            assert await KeyBucket(bus, FLEET).get("canary") is None
        assert writes > 5


async def die(rollouts: Rollouts, holder: str, new: Release, plan: Plan) -> bool:
    """Returns: whether it did; it may have ended the rollout before."""
    try:
        await rollouts.take_over(holder)
        await rollouts.offer(new, plan)
        await ended(rollouts)
    except Killed:
        return True
    return False
