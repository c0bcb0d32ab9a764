"""What the leader does while it cannot do anything."""

from __future__ import annotations

import asyncio
import time

from structlog.testing import capture_logs

from routeiq.config_sync.fleet_store import FleetStore
from routeiq.config_sync.leader import Alone
from routeiq.config_sync.leader_loop import LeaderLoop
from routeiq.config_sync.live_replicas import LiveReplicas
from routeiq.config_sync.polling import NoPolling
from routeiq.config_sync.rollouts import Rollouts
from routeiq.kit.bus import BusUnavailable
from tests.support.buckets import MemoryKeys
from tests.support.buses import running
from tests.support.waiting import until


async def nothing() -> None:
    """There is nothing to do."""


async def test_that_nothing_moves_is_said_once_and_that_it_goes_on() -> None:
    tries = 0

    async def publish() -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise BusUnavailable("there is no connection to NATS")

    loop = LeaderLoop(
        Alone("a"), Rollouts(FleetStore(MemoryKeys()), LiveReplicas(MemoryKeys()), time.time), NoPolling(), "a",
        interval_s=60, connected=lambda: True, publish=publish, took_over=nothing,
    )  # fmt: skip
    with capture_logs() as logs:
        async with running(asyncio.create_task(loop.run())):
            await until(lambda: tries > 3)
    said = [(one["event"], one.get("reason")) for one in logs if one["event"].startswith("rollout.")]
    assert said == [("rollout.waits", "bus_unavailable"), ("rollout.goes_on", None)]
