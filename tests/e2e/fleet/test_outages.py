"""The object store, NATS and the leader go away in the middle: the fleet serves on, and arrives where it was sent.

KILLS (1): in how many phases of a rollout the leader is killed."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.rolling.documents import going_out
from tests.support.rolling.door import Way
from tests.support.rolling.figures import Record, measured
from tests.support.rolling.standing import standing
from tests.support.rolling.world import World

PHASES = ("observing", "idle", "settling")
KILLS = int(os.environ.get("KILLS") or 1)
RATE = 40.0
TAKEOVER_S = 45.0
HARD_TIMES_S = 120.0
"""A hanging store is given up after its time limit, and tried again after a pause that has grown."""


@pytest.mark.parametrize("way", [Way.FAILS, Way.HANGS])
async def test_the_store_fails_or_hangs(world: World, way: Way) -> None:
    async with standing(world, RATE) as stood:
        world.door.turn(way)
        number = next(world.numbers)
        await asyncio.to_thread(world.put, world.document(number))
        status = await asyncio.to_thread(world.api.until, lambda one: one["consecutive_failures"], HARD_TIMES_S)
        assert "s3://routeiq/config.yaml" in status["last_error"]
        stood.still()
        world.door.turn(Way.OPEN)
        await stood.all_at(number, HARD_TIMES_S)
        status = await asyncio.to_thread(world.api.until_all)
        assert (status["consecutive_failures"], status["last_error"]) == (0, None)
        stood.nothing_lost()


@pytest.mark.parametrize("storage", ["kept", "lost"])
async def test_nats_restarts(world: World, storage: str) -> None:
    """What it had stored comes back with it, or from config-sync. Nobody leaves its version meanwhile."""
    async with standing(world, RATE) as stood:
        world.nats.kill()
        await asyncio.sleep(1)
        if storage == "lost":
            shutil.rmtree(world.nats.folder / "store")
        await asyncio.to_thread(world.nats.start)
        await asyncio.to_thread(world.api.until_all, HARD_TIMES_S)
        stood.still()
        number = next(world.numbers)
        await asyncio.to_thread(world.put, world.document(number))
        await stood.all_at(number, HARD_TIMES_S)
        await asyncio.to_thread(world.api.until_all)
        stood.nothing_lost()


@pytest.mark.parametrize("phase", PHASES[:KILLS])
async def test_the_leader_is_killed_in_a_rollout(world: World, phase: str, record_property: Record) -> None:
    """While a canary is watched, before it all, and when everybody has it: who leads next goes on from there."""
    canary = {"replicas": 1, "observe_s": 3}
    async with standing(world, RATE) as stood:
        await asyncio.to_thread(world.api.until, in_phase("idle"))
        leader = await asyncio.to_thread(world.api.leader)
        number = next(world.numbers)
        await asyncio.to_thread(world.put, world.document(number, **going_out(canary=canary, settle_s=2)))
        await asyncio.to_thread(world.api.until, in_phase(phase))
        await asyncio.to_thread(world.kill, leader)
        killed = time.monotonic()
        await asyncio.to_thread(world.api.until, lambda one: holder(one) not in (None, leader))
        took = time.monotonic() - killed
        await stood.all_at(number, HARD_TIMES_S)
        status = await asyncio.to_thread(world.api.until, in_phase("idle"), HARD_TIMES_S)
        measured(record_property, f"the leader killed when {phase}: seconds without one", round(took, 1))
        assert took < TAKEOVER_S + 1
        assert status["release"]["number"] == status["last_good"]
        stood.nothing_lost()


def in_phase(phase: str) -> Callable[[Any], bool]:
    return lambda status: bool(status["rollout"]["phase"] == phase)


def holder(status: Any) -> str | None:
    """Whoever leads."""
    name: str | None = status["leader_election"]["holder_id"]
    return name
