"""Which parts control is made of, and in which order they open and close."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from routeiq.api.control.v1 import control_pb2, control_pb2_grpc
from routeiq.clients.fleet_joining import JOINS, Joining
from routeiq.clients.fleet_names import replica_id
from routeiq.config.start import Start
from routeiq.control.api import create_api
from routeiq.control.declared import Declared
from routeiq.control.following import following
from routeiq.control.migrations import control_migrations
from routeiq.control.office import Office
from routeiq.control.providers.change import Rules
from routeiq.control.publish import Publisher
from routeiq.control.routers import routers
from routeiq.control.said import calendar_of
from routeiq.control.servicer import ControlServicer
from routeiq.control.settings import MIGRATE, Settings
from routeiq.control.spending.counting import Counting
from routeiq.control.spending.delivery import Delivery
from routeiq.control.spending.destinations import destinations_of
from routeiq.control.spending.forgetting import Forgetting
from routeiq.control.spending.turning import Turning
from routeiq.control.store.database import open_database
from routeiq.control.usage.housekeeping import days_kept
from routeiq.control.usage.writing import writing
from routeiq.kit.bus import Bus
from routeiq.kit.clock import now
from routeiq.kit.crypto import Sealer, master_keys
from routeiq.kit.db import Database
from routeiq.kit.health import Check
from routeiq.kit.jobs import beside
from routeiq.kit.migrate import Migrations
from routeiq.kit.outbound import Origin, OutboundGuard, OutboundPolicy
from routeiq.kit.rpc import RpcServer

log = structlog.get_logger()

PURPOSE = "provider-keys"
"""What the sealed parts of the overlay are sealed for; gateways open them with the same key."""
SERVICE = control_pb2.DESCRIPTOR.services_by_name["ControlService"].full_name


@dataclass(frozen=True, slots=True)
class Control:
    """Everything but the sockets."""

    api: FastAPI
    migrate_at: str
    """The database to bring to this release's schema first; empty: somebody has."""
    database: Database
    migrations: Migrations
    bus: Bus
    servicer: ControlServicer
    jobs: Sequence[Callable[[], Coroutine[None, None, None]]] = ()
    """What runs beside, until the end."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve inside. The document of the API takes a second to make, which no request should wait for: it is made
        beside, and kept. Raises: MigrationFailed, DatabaseUnavailable: it was to migrate, and could not."""
        if self.migrate_at:
            await asyncio.to_thread(self.migrations.run, self.migrate_at)
        elif await self.database.answers() and not await self.migrations.fit(self.database):
            log.warning("database.not_migrated", advice=f"run `routeiq migrate`, or set {MIGRATE}=true")
        self.bus.start()
        jobs = (job() for job in self.jobs)
        try:
            async with beside("control", asyncio.to_thread(self.api.openapi), *jobs):
                yield
        finally:
            await self.bus.close()
            await self.database.close()

    def offer(self, rpc: RpcServer) -> None:
        """What gateways ask."""
        rpc.add(SERVICE, partial(control_pb2_grpc.add_ControlServiceServicer_to_server, self.servicer))

    def checks(self) -> dict[str, Check]:
        """What must have been so once before it is ready."""
        return {"database": self.database.answers, "schema": partial(self.migrations.fit, self.database)}


def build(
    settings: Settings,
    start: Start,
    policy: OutboundPolicy,
    registry: CollectorRegistry | None = None,
    joining: Joining = JOINS,
) -> Control:
    """Opens nothing. Raises: ConfigurationError."""
    assert settings.database_url is not None, "its absence was said before"
    assert settings.encryption_key is not None, "as above"
    address = settings.database_url.get_secret_value()
    database = open_database(address)
    bus = Bus(settings.nats_url.get_secret_value(), "routeiq-control")
    sealer = Sealer(master_keys(settings.encryption_key.get_secret_value()), PURPOSE)
    office = Office(database, Publisher(bus), now)
    declared = Declared(start, now())
    rules = Rules(declared, sealer, policy)
    said = start.loaded.document
    calendar = calendar_of(said)
    alerted = destinations_of(said, start.environ)
    counting = Counting(calendar, alerted)
    keep_days = days_kept(settings.usage_retention_days, said.general.maximum_spend_logs_retention_period)
    return Control(
        create_api(routers(office, database, rules)),
        address if settings.migrate else "",
        database,
        control_migrations(),
        bus,
        ControlServicer(database, now, calendar),
        [
            Turning(database, now, calendar).run,
            *_alerts(database, alerted, policy),
            *_follower(settings, bus, declared, joining),
            *writing(database, bus, counting, now, keep_days, registry or CollectorRegistry()),
        ],
    )


def _follower(
    settings: Settings, bus: Bus, declared: Declared, joining: Joining
) -> Iterator[Callable[[], Coroutine[None, None, None]]]:
    """Nothing, if there is no NATS."""
    if settings.nats_url.get_secret_value():
        yield following(bus, declared, now, replica_id(settings.pod_name), joining)


def _alerts(
    database: Database, urls: Mapping[str, str], policy: OutboundPolicy
) -> Iterator[Callable[[], Coroutine[None, None, None]]]:
    """Nothing, if nobody is to hear of them."""
    if urls:
        yield Delivery(database, now, urls, OutboundGuard(policy, Origin.DOCUMENT)).run
        yield Forgetting(database, now).run
