"""What ties a gateway to its fleet: the release that it follows, the documents that it judges, what it says of itself.

All of it runs beside, over the bus that the gateway has anyway; without NATS the gateway goes on with what it has.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from routeiq.clients.fleet_buckets import FleetBuckets
from routeiq.clients.fleet_follower import FleetFollower
from routeiq.clients.fleet_joining import Joining
from routeiq.clients.fleet_names import VALIDATE_DOCUMENT, VALIDATORS, replica_id
from routeiq.gateway.overlay.in_force import InForce
from routeiq.gateway.pipeline.decision_cache import DecisionCache
from routeiq.gateway.release.applying import Applier
from routeiq.gateway.release.kept import kept_document
from routeiq.gateway.release.validating import Validator
from routeiq.gateway.settings import Settings
from routeiq.kit.bus import Bus
from routeiq.kit.bus_requests import Requests
from routeiq.kit.health import Check
from routeiq.kit.jobs import beside, keep_up
from routeiq.kit.recent import Recent, Totals

SERVICE = "gateway"


@dataclass(frozen=True, slots=True)
class ReleaseLink:
    """Of one gateway."""

    applier: Applier
    follower: FleetFollower
    requests: Requests
    waits: bool
    """Traffic waits for the fleet's document."""
    joining: Joining
    follows: bool
    """False: there is no NATS here."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Inside the bus's life."""
        if not self.follows:
            yield
            return
        watch = keep_up(self.applier.watch_decisions, "release.watch_failed")
        try:
            async with beside("release", self._follow(), watch):
                yield
        finally:
            await self.requests.close()

    def checks(self) -> dict[str, Check]:
        return {"document": self.applier.settled} if self.waits else {}

    async def _follow(self) -> None:
        await self.joining.after()
        await keep_up(self.follower.run, "release.failed")


def link_release(
    settings: Settings,
    in_force: InForce,
    bus: Bus,
    decisions: DecisionCache,
    totals: Totals,
    *,
    empty: bool,
    joining: Joining,
) -> ReleaseLink:
    """Before the bus starts; `running` opens and closes. Args: empty: there is no document yet."""
    replica, recent, requests = replica_id(settings.pod_name), Recent(totals), Requests(bus)
    buckets = FleetBuckets.over(bus)
    validator = Validator(buckets.documents.get, in_force.start.environ, replica)
    requests.answer(VALIDATE_DOCUMENT, VALIDATORS, validator.answer)
    kept = kept_document(settings.state_dir) if settings.state_dir is not None else None
    applier = Applier(in_force, decisions, recent, kept, documents=joining.documents, empty=empty)
    follower = FleetFollower(
        buckets,
        SERVICE,
        replica,
        applier.apply,
        recent,
        document=applier.digest,
        takes_documents=joining.documents,
        serving=applier.serving,
    )
    waits, follows = settings.config_from == "fleet", bool(settings.nats_url.get_secret_value())
    return ReleaseLink(applier, follower, requests, waits, joining, follows)
