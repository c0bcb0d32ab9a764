"""Run the embedded suite: six services in one event loop and a NATS child, under one task group.

Start: the gateway's port first, so that a port in use is said at once; then NATS, routing (which verifies
its artifact, listens, and loads beside), control (its database is migrated first), the gateway; the registries last,
when the gateway answers. Stop, in reverse: the gateway finishes what runs before anything that it needs goes. The
runner owns the signals.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from socket import socket

import structlog

from routeiq.config.state import State
from routeiq.control.migrations import control_migrations
from routeiq.control.settings import Settings as ControlSettings
from routeiq.embedded.data_dir import DataDir
from routeiq.embedded.nats import NATSServer
from routeiq.embedded.topology import (
    Options,
    control_service,
    control_settings,
    gateway_settings,
    late_services,
    routing_service,
)
from routeiq.gateway.app import create_service
from routeiq.gateway.upstream.guarded import guarded
from routeiq.gateway.wiring import build_gateway
from routeiq.kit.errors import RouteIQError
from routeiq.kit.master_key import KeptKey
from routeiq.kit.migrate import Patience
from routeiq.kit.outbound import OutboundPolicy
from routeiq.kit.server import address_of, bind
from routeiq.kit.service import Runner, Service
from routeiq.kit.signals import stop_event
from routeiq.routing.app import RoutingService

log = structlog.get_logger()

MIGRATING = Patience(server_s=10)
"""A database that somebody named should be there when the suite starts."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """Said once the gateway answers."""

    url: str
    key: KeptKey
    state: State


@dataclass(frozen=True, slots=True)
class Suite:
    """One run. `master_key` stands over the document's and the kept one; `load` gives the state to serve."""

    options: Options
    data: DataDir
    master_key: str | None
    outbound: OutboundPolicy
    load: Callable[[], Awaitable[State]]
    announce: Callable[[Announcement], None]

    async def run(self) -> None:
        """Until SIGINT or SIGTERM. Raises ConfigurationError when it cannot start."""
        async with AsyncExitStack() as stack:
            sock = bind(self.options.host, self.options.port)
            stack.callback(sock.close)
            self.data.identity()
            nats = NATSServer(self.data.path / "nats")
            stack.push_async_callback(nats.stop)
            _, state = await asyncio.gather(nats.start(), self.load())
            routing = routing_service(self.data, self.options, state)
            stack.push_async_callback(routing.app.stop)
            await routing.verify()
            await routing.start()
            settings = control_settings(self.data)
            await _migrate(settings)
            await self._serve(nats, routing, settings, state, sock)

    async def _serve(
        self, nats: NATSServer, routing: RoutingService, settings: ControlSettings, state: State, sock: socket
    ) -> None:
        control, late = control_service(settings), late_services(self.data)
        key = self.data.keep_master_key(self.master_key or state.master_key)
        own = [routing.url, nats.address, *_addresses([control, *late])]
        gateway = self._gateway(key, routing.url, control, own, state, sock)
        first: list[Runner] = [gateway, control, routing]
        endpoints = {service.name: service.url for service in (*first, *late)}
        self.data.write_endpoints(endpoints | {"nats": f"nats://{nats.address}"})
        with stop_event() as stop:
            failures = Failures(stop)
            async with asyncio.TaskGroup() as group:
                beside = (nats.watch(), _warn_of_likes(routing, state))
                watching = [group.create_task(failures.note(work)) for work in beside]
                tasks = [group.create_task(failures.note(service.serve())) for service in first]
                if await _answering(gateway, stop):
                    self.announce(Announcement(gateway.url, key, state))
                tasks += [group.create_task(failures.note(service.serve())) for service in late]
                await stop.wait()
                await _stop(tasks, [*first, *late], watching)
            failures.raise_first()

    def _gateway(
        self, key: KeptKey, routing: str, control: Service, own: Iterable[str], state: State, sock: socket
    ) -> Service:
        settings = gateway_settings(self.data, self.options, key.key, routing=routing, control=control)
        outbound = guarded(self.outbound, [*own, address_of(sock)])
        return create_service(build_gateway(settings, state, outbound=outbound), settings, sock)


async def _migrate(settings: ControlSettings) -> None:
    """Where several suites share a database one of them migrates it."""
    assert settings.database_url is not None
    address = settings.database_url.get_secret_value()
    done = await asyncio.to_thread(lambda: control_migrations().run(address, MIGRATING))
    if done.before not in (None, done.after):
        log.info("control.migrated", before=done.before, after=done.after)


def _addresses(services: Iterable[Service]) -> list[str]:
    """Both ports of each."""
    return [server.address for service in services for server in (service.server, service.ops)]


@dataclass(frozen=True, slots=True)
class Failures:
    """What went wrong in a part ends the suite in good order, and is raised after that."""

    stop: asyncio.Event
    found: list[RouteIQError] = field(default_factory=list)

    async def note(self, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except RouteIQError as error:
            self.found.append(error)
            self.stop.set()

    def raise_first(self) -> None:
        if self.found:
            raise self.found[0]


async def _answering(gateway: Service, stop: asyncio.Event) -> bool:
    """Wait for the gateway, or for the suite to be stopped before it answers. Returns: whether it answers."""
    waits = [asyncio.create_task(gateway.server.wait_started()), asyncio.create_task(stop.wait())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    return not stop.is_set()


async def _warn_of_likes(routing: RoutingService, state: State) -> None:
    """A `like` that the artifact does not know makes the model's quality a prior: say so once."""
    with suppress(RouteIQError):  # `routing.serve` raises it too
        await routing.app.wait_loaded()
    loaded = routing.app.engine.loaded
    known = {one.name for one in loaded.known} if loaded else set()
    for name in state.routing.auto_models if loaded else ():
        for like in {d.like for d in state.groups[name].deployments if d.like} - known:
            log.warning("like.unknown", model=name, like=like, effect="its quality is a prior", known=sorted(known))


async def _stop(tasks: list[asyncio.Task[None]], services: list[Runner], watching: list[asyncio.Task[None]]) -> None:
    """The gateway first, and alone, so that what it still serves finds everything in its place."""
    for task in watching:
        task.cancel()
    for task, service in zip(tasks, services, strict=True):
        service.stop()
        await task
