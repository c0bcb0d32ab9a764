"""Be the leader of a fleet of routing services: store artifacts, want releases, read the roster."""

from __future__ import annotations

import asyncio
from pathlib import Path

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.clients.artifact_parts import read_folder
from routeiq.clients.artifact_tar import pack
from routeiq.clients.fleet_names import ARTIFACTS, DESIRED, FLEET, REPLICAS
from routeiq.kit.bus import Bus
from routeiq.kit.bus_keys import KeyBucket
from routeiq.kit.bus_objects import ObjectBucket
from tests.support.waiting import PATIENCE_S


class Leader:
    """Over a bus that somebody else starts and closes."""

    def __init__(self, bus: Bus) -> None:
        self.artifacts = ObjectBucket(bus, ARTIFACTS)
        self._keys, self._roster = KeyBucket(bus, FLEET), KeyBucket(bus, REPLICAS)
        self.wishes = 0

    async def store(self, directory: Path) -> str:
        """Returns: the artifact's id."""
        parts = await asyncio.to_thread(read_folder, directory)
        await self.artifacts.put(parts.artifact_id, pack(parts))
        return parts.artifact_id

    async def want(self, artifact_id: str) -> int:
        """Of all. Returns: the number of the wish."""
        self.wishes += 1
        release = pb.Release(number=self.wishes, artifact=artifact_id, config_version="c0123456789ab")
        await self._keys.put(DESIRED, pb.Wanted(release=release, wish=self.wishes).SerializeToString())
        return self.wishes

    async def replicas(self) -> list[pb.Replica]:
        entries = await self._roster.entries()
        return [pb.Replica.FromString(entry.value) for entry in entries.values()]

    async def dealt_with(self, wish: int) -> pb.Replica:
        """What the only replica says once it has dealt with that wish."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for replica in await self.replicas():
                    if replica.wish >= wish:
                        return replica
                await asyncio.sleep(0.02)
