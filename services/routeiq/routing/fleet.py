"""The service as one of a fleet: it serves the artifact that is wanted of it, and says in the roster what it serves."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path

from routeiq.clients.fleet_buckets import FleetBuckets
from routeiq.clients.fleet_follower import Applying, FleetFollower
from routeiq.clients.fleet_names import ARTIFACTS, replica_id
from routeiq.clients.fleet_report import Serving
from routeiq.kit.bus import Bus
from routeiq.kit.bus_objects import ObjectBucket
from routeiq.kit.jobs import keep_up
from routeiq.kit.recent import Recent
from routeiq.routing.artifact.cache import ArtifactCache
from routeiq.routing.engine import Engine
from routeiq.routing.following import Following
from routeiq.routing.giving_back import GivingBack
from routeiq.routing.settings import Settings
from routeiq.routing.supply import Supply

SERVICE = "routing"


class Fleet:
    """Make it in the running loop; `start`, `begin`, `stop`.

    Raises: ConfigurationError: no address of NATS, or no folder to keep artifacts in."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._engine = engine
        self._bus = Bus(settings.nats_url.get_secret_value(), "routeiq-routing")
        self._own_folder = None if settings.cache_dir else tempfile.TemporaryDirectory(prefix="routeiq-artifacts-")
        self._cache = ArtifactCache(settings.cache_dir or Path(self._own_folder.name if self._own_folder else ""))
        self.supply = Supply(engine, self._cache, ObjectBucket(self._bus, ARTIFACTS))
        self._following = Following(engine, self.supply, self._cache, settings.artifact_dir)
        self._follower = FleetFollower(
            FleetBuckets.over(self._bus), SERVICE, replica_id(settings.pod_name), self._apply, Recent(engine.totals),
            takes_documents=False, serving=self._serving,
        )  # fmt: skip
        self._giving_back = GivingBack(self._served, self.supply, self._bus)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Connect beside."""
        self._bus.start()

    async def begin(self) -> None:
        """Serve what was wanted last, or the service's own; from then on what the fleet wants.

        Raises: ArtifactInvalid, EncoderInvalid: nothing of that can be served."""
        await self._following.begin()
        follow = keep_up(self._follower.run, "fleet.following_failed")
        give_back = keep_up(self._giving_back.run, "fleet.giving_back_failed")
        self._tasks = [asyncio.create_task(one, name="routing-fleet") for one in (follow, give_back)]

    async def stop(self) -> None:
        """What serves goes on. Idempotent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._bus.close()
        await asyncio.to_thread(self._cache.close)
        if self._own_folder is not None:
            with suppress(OSError):
                await asyncio.to_thread(self._own_folder.cleanup)

    async def _apply(self, applying: Applying) -> None:
        await self._following.want(applying.release.artifact)

    def _serving(self) -> Serving:
        """The document that the fleet has is nothing to this service."""
        return Serving(self._follower.applied.config_version, self._served())

    def _served(self) -> str:
        loaded = self._engine.loaded
        return loaded.artifact.artifact_id if loaded else ""
