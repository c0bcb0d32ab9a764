"""Which parts config-sync is made of, and in which order they open and close."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from routeiq.clients.fleet_names import ARTIFACTS, DOCUMENTS, FLEET, LEADER, LEADER_TTL_S, REPLICAS, replica_id
from routeiq.config.needs_restart import between
from routeiq.config_sync.artifact_rollouts import ArtifactRollouts
from routeiq.config_sync.artifacts.routes import artifact_router
from routeiq.config_sync.artifacts.service import ArtifactService
from routeiq.config_sync.artifacts.store import CARDS, ArtifactStore
from routeiq.config_sync.election_settings import Backend, HASettings, Mode
from routeiq.config_sync.facts import Facts, PollFacts, SourceNames
from routeiq.config_sync.figures import SyncMetrics
from routeiq.config_sync.fleet_store import FleetStore
from routeiq.config_sync.fleet_view import FleetView
from routeiq.config_sync.history import artifacts_of
from routeiq.config_sync.intake import Differences, Intake
from routeiq.config_sync.leader import Alone, Election, Leadership, NATSSeat
from routeiq.config_sync.leader_actions import LeaderActions
from routeiq.config_sync.leader_loop import LeaderLoop
from routeiq.config_sync.leader_requests import LeaderRequests, subject_of
from routeiq.config_sync.lease import KubernetesSeat
from routeiq.config_sync.live_replicas import LiveReplicas
from routeiq.config_sync.named_artifacts import FetchArchive, NamedArtifacts
from routeiq.config_sync.polling import NoPolling, Poller
from routeiq.config_sync.rollouts import Rollouts
from routeiq.config_sync.routes.reload import reload_router
from routeiq.config_sync.routes.status import status_router
from routeiq.config_sync.routes.versions import versions_router
from routeiq.config_sync.routing_judge import RoutingJudge
from routeiq.config_sync.settings import Settings
from routeiq.config_sync.status import Rules
from routeiq.config_sync.upkeep import Upkeep
from routeiq.config_sync.validate import Judges
from routeiq.kit.bus import Bus
from routeiq.kit.bus_keys import KeyBucket
from routeiq.kit.bus_objects import ObjectBucket
from routeiq.kit.bus_requests import Requests
from routeiq.kit.internal_api import internal_api
from routeiq.kit.jobs import Job, beside, keep_up, repeat

REFRESH_S = 3.0
"""How often a replica looks how the fleet stands, whether somebody asks or not."""


@dataclass(frozen=True, slots=True)
class Sync:
    """Where documents come from. `make`: None: config sync is off, or has no source.

    Args: remote: whether that is elsewhere than on this machine."""

    rules: Rules
    names: SourceNames = field(default_factory=SourceNames)
    remote: bool = False
    make: Callable[[Intake, SyncMetrics], Poller] | None = None
    fetch: FetchArchive | None = None
    differences: Differences = between


@dataclass(frozen=True, slots=True)
class ConfigSync:
    """Everything but the sockets."""

    api: FastAPI
    bus: Bus
    closing: Sequence[Job]
    """What is closed in the end, the last one first, whatever becomes of the others."""
    jobs: Sequence[Job]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve inside. A leader gives its place up while the bus is still open."""
        self.bus.start()
        jobs = (keep_up(job, "config_sync.job_failed") for job in self.jobs)
        try:
            async with beside("config-sync", asyncio.to_thread(self.api.openapi), *jobs):
                yield
        finally:
            async with AsyncExitStack() as stack:
                for close in self.closing:
                    stack.push_async_callback(close)


def build(
    settings: Settings,
    ha: HASettings,
    sync: Sync,
    registry: CollectorRegistry,
    taken: Callable[[], None] = lambda: None,
) -> ConfigSync:
    """Opens nothing. Raises: ConfigurationError. Args: taken: as `Intake` has it."""
    bus = Bus(settings.nats_url.get_secret_value(), "routeiq-config-sync")
    requests, replica = Requests(bus), replica_id(ha.pod)
    leadership = leadership_of(ha, replica, bus)
    figures = SyncMetrics(registry, lambda: leadership.leading)
    keys, replicas = KeyBucket(bus, FLEET), LiveReplicas(KeyBucket(bus, REPLICAS))
    rollouts = Rollouts(FleetStore(keys), replicas, time.time, figures.ended)
    routing = RoutingJudge.of(settings)
    judges = Judges(requests.ask, routing.problems_of if routing else None)
    store = ArtifactStore(ObjectBucket(bus, ARTIFACTS), KeyBucket(bus, CARDS))
    named = NamedArtifacts(store, sync.fetch, lambda: artifacts_of(rollouts.known))
    documents = ObjectBucket(bus, DOCUMENTS)
    intake = Intake(rollouts, documents, judges, named, sync.differences, refused=figures.refused, taken=taken)
    poller = sync.make(intake, figures) if sync.make else None
    upkeep = Upkeep(
        lambda: leadership.leading and bus.connected, lambda: rollouts.known, store, intake.bring_artifact,
        documents.sweep,
    )  # fmt: skip

    async def took_over() -> None:
        upkeep.soon()
        await intake.restore(rollouts.known)

    def facts() -> Facts:
        polled = poller.facts() if poller else PollFacts()
        return Facts(sync.names, polled, intake.judged.by, intake.judged.silent)

    fleet_view = FleetView(keys, rollouts, replicas, leadership, sync.rules, facts, lambda: loop.skipped)
    actions = LeaderActions(rollouts, intake, replicas, poller, sync.remote)
    leader = LeaderRequests(leadership, requests.ask, actions.actions())
    loop = LeaderLoop(
        leadership, rollouts, poller or NoPolling(), replica, interval_s=sync.rules.interval_s,
        connected=lambda: bus.connected, publish=fleet_view.publish, took_over=took_over,
    )  # fmt: skip
    requests.answer(subject_of(replica), replica, leader.answer)
    artifacts = ArtifactService(store, ArtifactRollouts(leader, fleet_view), routing)
    routers = [status_router(fleet_view), reload_router(leader), versions_router(fleet_view, intake, leader)]
    api = internal_api("RouteIQ config-sync", [*routers, artifact_router(artifacts)], crashed="config_sync.crashed")
    closing = [one.close for one in (bus, routing, poller, requests) if one is not None]
    return ConfigSync(api, bus, closing, (leadership.run, loop.run, upkeep.run, _refresh(fleet_view)))


def _refresh(fleet_view: FleetView) -> Job:
    async def refresh() -> None:
        await repeat(fleet_view.view, REFRESH_S, "config_sync.view_failed")

    return refresh


def leadership_of(ha: HASettings, replica: str, bus: Bus) -> Leadership:
    """As the settings say."""
    backend = ha.chosen
    if backend is Backend.NONE:
        return Alone(replica)
    if backend is Backend.KUBERNETES:
        seat = KubernetesSeat(ha.namespace, ha.lock, ha.lease_s)
        return Election(seat, replica, lease_s=ha.lease_s, renew_s=ha.renew_s)
    lease_s = min(ha.lease_s, LEADER_TTL_S)
    return Election(NATSSeat(KeyBucket(bus, LEADER), ha.lock), replica, lease_s=lease_s, renew_s=ha.renew_s)


def rules_of(ha: HASettings, *, enabled: bool, hot_reload: bool, interval_s: float) -> Rules:
    """For the status."""
    election = ha.chosen is not Backend.NONE
    mode = Mode.ELECTION if election else Mode.SINGLE
    return Rules(enabled, hot_reload, float(interval_s), mode.value, election)
