"""control as a process. Its ports are taken at once; what it works with is loaded late."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from routeiq.clients.fleet_joining import JOINS, Joining
from routeiq.config.environment import LaunchSettings, find_config, read_environment
from routeiq.config.start import Start
from routeiq.control.beginning import begin
from routeiq.control.settings import DATABASE_URL, ENCRYPTION_KEY, Settings
from routeiq.kit.assertions import AssertionGuard
from routeiq.kit.build import describe_build
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.health import Readiness
from routeiq.kit.internal import bound, unready
from routeiq.kit.jobs import beside
from routeiq.kit.late_app import LateApp
from routeiq.kit.outbound import OutboundPolicy, servers_at
from routeiq.kit.rpc import RpcServer
from routeiq.kit.service import Service

if TYPE_CHECKING:
    from routeiq.control.wiring import Control

NAME = "control"
STOP_S = 5.0
"""For gRPC calls that run when HTTP has ended; they take milliseconds."""


class ControlService(Service):
    """With `rpc_address`, where its gRPC is reached."""

    def __init__(self, settings: Settings, start: Start, policy: OutboundPolicy, joining: Joining) -> None:
        """Binds its ports. Call it in the running loop. Raises: ConfigurationError."""
        readiness, registry = Readiness(NAME), CollectorRegistry()
        describe_build(registry)
        verifier = settings.verifier(NAME)
        rpc = RpcServer(verifier)
        app = AssertionGuard(LateApp(self._make, self._serving, readiness), verifier)
        server, ops = bound(app, settings, readiness, registry)
        self.rpc_address = rpc.bind(settings.host, settings.rpc_port)
        self._settings, self._start, self._registry, self._joining = settings, start, registry, joining
        self._rpc, self._readiness = rpc, readiness
        own = servers_at([server.address, ops.address, self.rpc_address, *settings.nats_addresses()])
        self._policy = policy.with_own_services(own)
        super().__init__(NAME, server, ops, on_stop=unready(readiness), linger_s=settings.drain_delay_s)

    def _make(self) -> Control:
        from routeiq.control.wiring import build  # noqa: PLC0415  # SQLAlchemy and FastAPI

        return build(self._settings, self._start, self._policy, self._registry, self._joining)

    @asynccontextmanager
    async def _serving(self, control: Control) -> AsyncIterator[None]:
        """Its gRPC answers while its HTTP does, and ends a little later."""
        self._readiness.checks = control.checks()
        try:
            async with beside("control-readiness", self._readiness.watch()), control.running():
                control.offer(self._rpc)
                await self._rpc.answer()
                await self._rpc.set_serving(True)
                try:
                    yield
                finally:  # before the database and NATS, which its calls work with
                    await self._rpc.stop(STOP_S)
        finally:  # of one that never answered, its port
            await self._rpc.stop(0.0)


def create_service(
    settings: Settings, start: Start, policy: OutboundPolicy, joining: Joining = JOINS
) -> ControlService:
    """Bound to its addresses, not yet serving. Raises: ConfigurationError: names each variable that is missing.

    Args: start: the document that the gateways serve.  policy: for the addresses of providers.  joining: of the fleet,
    whose document it follows where NATS is there."""
    needed = {DATABASE_URL[0]: settings.database_url, ENCRYPTION_KEY: settings.encryption_key}
    missing = [f"{name} is not set" for name, value in needed.items() if value is None]
    if missing:
        raise ConfigurationError(missing)
    return ControlService(settings, start, policy, joining)


async def launch(config: Path | None) -> Service:
    """The service as its settings say, beside the document that the gateways serve, which it reads as they do.

    Raises: ConfigurationError."""
    environ, settings = read_environment(Path.cwd()), Settings()
    start = await begin(settings, find_config(config, LaunchSettings.from_environ(environ)), environ)
    return create_service(settings, start, OutboundPolicy.from_environ(environ))
