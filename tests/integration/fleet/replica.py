"""A process that is one replica, until it is killed. Args: the address of NATS, and its name."""

from __future__ import annotations

import asyncio
import sys

from routeiq.clients.fleet_buckets import FleetBuckets
from routeiq.kit.bus import Bus
from tests.support.following import Replica


async def follow(url: str, name: str) -> None:
    bus = Bus(url, name)
    bus.start()
    await Replica(FleetBuckets.over(bus), name).follower.run()


if __name__ == "__main__":
    asyncio.run(follow(sys.argv[1], sys.argv[2]))
