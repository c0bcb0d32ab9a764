"""Build and run the routing service. It listens first and loads after: until the artifact is there, health says
NOT_SERVING and Route answers by price tier, with FALLBACK_NO_ARTIFACT."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

import structlog
from prometheus_client import CollectorRegistry

from routeiq.api.routing.v1 import routing_pb2_grpc
from routeiq.kit.errors import RouteIQError
from routeiq.kit.identity import AssertionVerifier
from routeiq.kit.key_files import load_public_key
from routeiq.kit.rpc import RpcServer
from routeiq.routing.engine import Engine, EngineMetrics
from routeiq.routing.servicer import SERVICE, RoutingServicer
from routeiq.routing.settings import Settings

log = structlog.get_logger()

AUDIENCE = "routing"


class RoutingApp:
    """One service. `start` it, perhaps await `wait_loaded`, `stop` it; all in one running loop."""

    def __init__(self, settings: Settings, registry: CollectorRegistry) -> None:
        """Make it inside the running loop. Raises: ConfigurationError: no usable key of a caller."""
        keys = [load_public_key(path) for path in settings.identity_public_keys]
        self._settings = settings
        self.engine = Engine(settings, EngineMetrics(registry))
        self._server = RpcServer(AssertionVerifier(keys, AUDIENCE))
        servicer = RoutingServicer(self.engine, settings.roots)
        self._server.add(SERVICE, partial(routing_pb2_grpc.add_RoutingServiceServicer_to_server, servicer))
        self._loading: asyncio.Task[None] | None = None
        self.address = ""

    @property
    def ready(self) -> bool:
        """Whether an artifact is served."""
        return self.engine.loaded is not None

    async def start(self) -> None:
        """Listen, which sets `address` to `host:port`; begin to load. Raises: ConfigurationError: the port is taken."""
        self.address = await self._server.start(self._settings.host, self._settings.port)
        self.engine.start()
        self._loading = asyncio.create_task(self._load(), name="routing-load")
        log.info("routing.listening", address=self.address)

    async def wait_loaded(self) -> None:
        """Return once the artifact is served. Raises: ArtifactInvalid, EncoderInvalid: it never will be."""
        if self._loading is not None:
            await asyncio.shield(self._loading)

    async def stop(self, grace_s: float = 1.0) -> None:
        """Answer no new call, let running ones end within `grace_s`, and release everything. Idempotent."""
        if self._loading is not None:
            self._loading.cancel()
            with suppress(asyncio.CancelledError, RouteIQError):
                await self._loading
        await self._server.stop(grace_s)
        await self.engine.close()

    async def _load(self) -> None:
        try:
            await self.engine.load(self._settings.artifact_dir)
        except RouteIQError as error:
            log.error("artifact.refused", directory=str(self._settings.artifact_dir), reason=error.message)
            raise
        await self._server.set_serving(True)


async def serve(settings: Settings, registry: CollectorRegistry) -> None:
    """Run until cancelled. Raises: ConfigurationError, ArtifactInvalid, EncoderInvalid: it cannot serve."""
    app = RoutingApp(settings, registry)
    try:
        await app.start()
        await app.wait_loaded()
        await asyncio.Event().wait()
    finally:
        await app.stop()
