"""Run the embedded suite: six services in one event loop and a NATS child, under one task group.

Start: the gateway's port first, so that a port in use is said at once; then NATS, routing (which verifies
its artifact, listens, and loads beside), the gateway; control and the registries last, when the gateway answers,
because what they import takes seconds. Their ports are taken before, so that who calls them meanwhile waits. Stop, in
reverse: the gateway finishes what runs before anything that it needs goes. The runner owns the signals.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from socket import socket

import structlog

from routeiq.config.start import Start
from routeiq.config.state import State
from routeiq.embedded.data_dir import DataDir
from routeiq.embedded.nats import NATSServer
from routeiq.embedded.topology import (
    Options,
    config_sync_service,
    control_service,
    control_settings,
    gateway_settings,
    joining,
    late_services,
    routing_service,
)
from routeiq.gateway.app import create_service
from routeiq.gateway.upstream.guarded import guarded
from routeiq.gateway.wiring import build_gateway
from routeiq.kit.errors import RouteIQError
from routeiq.kit.master_key import KeptKey
from routeiq.kit.outbound import OutboundPolicy, servers_at
from routeiq.kit.server import address_of, bind
from routeiq.kit.service import Runner, Service
from routeiq.kit.signals import stop_event
from routeiq.routing.app import RoutingService

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Announcement:
    """Said once the gateway answers."""

    url: str
    key: KeptKey
    state: State


@dataclass(frozen=True, slots=True)
class Suite:
    """One run. `master_key` stands over the document's and the kept one; `load` gives what to serve."""

    options: Options
    data: DataDir
    master_key: str | None
    outbound: OutboundPolicy
    load: Callable[[], Awaitable[Start]]
    announce: Callable[[Announcement], None]

    async def run(self) -> None:
        """Until SIGINT or SIGTERM. Raises ConfigurationError when it cannot start."""
        async with AsyncExitStack() as stack:
            sock = bind(self.options.host, self.options.port)
            stack.callback(sock.close)
            self.data.identity()
            nats = NATSServer(self.data.path / "nats")
            stack.push_async_callback(nats.stop)
            _, start = await asyncio.gather(nats.start(), self.load())
            routing = routing_service(self.data, self.options, start.state, nats.url)
            stack.push_async_callback(routing.app.stop)
            await routing.verify()
            await routing.start()
            await self._serve(nats, routing, start, sock)

    async def _serve(self, nats: NATSServer, routing: RoutingService, start: Start, sock: socket) -> None:
        governing = control_settings(self.data, self.options, nats.url)
        read = asyncio.Event()
        joined = joining(self.options, read)
        sync = config_sync_service(self.data, self.options, nats.url, routing.url, read)
        late = [*late_services(self.data), sync]
        others = [routing.url, nats.address, *_addresses(late), address_of(sock)]
        policy = self.outbound.with_own_services(servers_at(others))
        control = control_service(governing, start, policy, joined)
        key = self.data.keep_master_key(self.master_key or start.state.master_key)
        settings = gateway_settings(
            self.data,
            self.options,
            key.key,
            routing=routing.url,
            control=control,
            governing=governing,
            config_sync_url=sync.url,
        )
        own = [*others, control.rpc_address, *_addresses([control]), *settings.own_services()]
        built = build_gateway(settings, start, outbound=guarded(self.outbound, own), joining=joined)
        gateway = create_service(built, settings, sock)
        services: list[Runner] = [gateway, control, routing, *late]
        endpoints = {service.name: service.url for service in services}
        self.data.write_endpoints(endpoints | {"control-grpc": control.rpc_address, "nats": f"nats://{nats.address}"})
        with stop_event() as stop:
            failures = Failures(stop)
            async with asyncio.TaskGroup() as group:
                beside = (nats.watch(), _warn_of_likes(routing, start.state))
                watching = [group.create_task(failures.note(work)) for work in beside]
                tasks = {one.name: group.create_task(failures.note(one.serve())) for one in (gateway, routing)}
                if await _answering(gateway, stop):
                    self.announce(Announcement(gateway.url, key, start.state))
                    rest = (control, *late)
                    tasks |= {one.name: group.create_task(failures.note(one.serve())) for one in rest}
                await stop.wait()
                await _stop([(one, tasks[one.name]) for one in services if one.name in tasks], watching)
            failures.raise_first()


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


async def _stop(running: Iterable[tuple[Runner, asyncio.Task[None]]], watching: list[asyncio.Task[None]]) -> None:
    """The gateway first, and alone, so that what it still serves finds everything in its place."""
    for task in watching:
        task.cancel()
    for service, task in running:
        service.stop()
        await task
