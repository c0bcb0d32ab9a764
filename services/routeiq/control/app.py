"""control as a process. Its ports are taken at once; what it works with is loaded when it serves, in a thread, because
that takes a second which nobody else on the machine should wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from routeiq.config.environment import LaunchSettings, find_config, read_environment
from routeiq.config.start import Start, start_with
from routeiq.control.settings import DATABASE_URL, ENCRYPTION_KEY, Settings
from routeiq.kit.asgi import ASGIApp, Receive, Scope, Send
from routeiq.kit.assertions import AssertionGuard
from routeiq.kit.build import describe_build
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.health import Readiness
from routeiq.kit.lifespan import live
from routeiq.kit.ops import OpsApp
from routeiq.kit.outbound import OutboundPolicy, literal_addresses
from routeiq.kit.rpc import RpcServer
from routeiq.kit.server import HTTPServer, bind
from routeiq.kit.service import Service

if TYPE_CHECKING:
    from routeiq.control.wiring import Control

NAME = "control"
STOP_S = 1.0
"""For gRPC calls that run."""


class ControlApp:
    """The HTTP application. Its lifespan is control's life."""

    def __init__(self, make: Callable[[], Control], rpc: RpcServer, readiness: Readiness) -> None:
        """Args: make: loads what it takes; it runs in a thread."""
        self._make = make
        self._rpc = rpc
        self._readiness = readiness
        self._api: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await live(self._running(), receive, send)
        else:
            assert self._api is not None, "no request comes before the lifespan has begun"
            await self._api(scope, receive, send)

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        control = await asyncio.to_thread(self._make)
        self._api = control.api
        self._readiness.checks = control.checks()
        watcher = asyncio.create_task(self._readiness.watch(), name="control-readiness")
        try:
            async with control.running():
                control.offer(self._rpc)
                await self._rpc.answer()
                await self._rpc.set_serving(True)
                self._readiness.serving = True
                yield
        finally:
            self._readiness.draining = True
            watcher.cancel()
            await asyncio.wait([watcher])
            await self._rpc.stop(STOP_S)


class ControlService(Service):
    """With `rpc_address`, where its gRPC is reached."""

    def __init__(self, settings: Settings, start: Start, policy: OutboundPolicy) -> None:
        """Binds its ports. Call it in the running loop. Raises: ConfigurationError."""
        readiness, registry = Readiness(NAME), CollectorRegistry()
        describe_build(registry)
        verifier = settings.verifier(NAME)
        rpc = RpcServer(verifier)
        app = AssertionGuard(ControlApp(self._make, rpc, readiness), verifier)
        server = HTTPServer(app, bind(settings.host, settings.port))
        ops = HTTPServer(OpsApp(readiness, registry), bind(settings.host, settings.ops_port))
        self.rpc_address = rpc.bind(settings.host, settings.rpc_port)
        self._settings, self._start, self._registry = settings, start, registry
        own = literal_addresses([server.address, ops.address, self.rpc_address, *settings.nats_addresses()])
        self._policy = policy.with_own_services(own)
        super().__init__(NAME, server, ops, on_stop=partial(setattr, readiness, "draining", True))

    def _make(self) -> Control:
        from routeiq.control.wiring import build  # noqa: PLC0415  # SQLAlchemy and FastAPI: see above

        return build(self._settings, self._start, self._policy, self._registry)


def create_service(settings: Settings, start: Start, policy: OutboundPolicy) -> ControlService:
    """Bound to its addresses, not yet serving. Raises: ConfigurationError: names each variable that is missing.

    Args: start: the document that the gateways serve.  policy: for the addresses of providers."""
    needed = {DATABASE_URL[0]: settings.database_url, ENCRYPTION_KEY: settings.encryption_key}
    missing = [f"{name} is not set" for name, value in needed.items() if value is None]
    if missing:
        raise ConfigurationError(missing)
    return ControlService(settings, start, policy)


async def launch(config: Path | None) -> Service:
    """The service as its settings say, beside the document that the gateways serve, which it reads as they do.

    Raises: ConfigurationError."""
    environ = read_environment(Path.cwd())
    document = find_config(config, LaunchSettings.from_environ(environ))
    start = await asyncio.to_thread(start_with, document, environ)
    return create_service(Settings(), start, OutboundPolicy.from_environ(environ))
