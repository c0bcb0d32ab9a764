"""Build and run the routing service. It listens first and loads after: until the artifact is there, health says
NOT_SERVING and Route answers by price tier, with FALLBACK_NO_ARTIFACT."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry

from routeiq.api.routing.v1 import routing_pb2_grpc
from routeiq.kit.build import describe_build
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.health import Readiness
from routeiq.kit.identity import AssertionVerifier
from routeiq.kit.key_files import load_public_key
from routeiq.kit.ops import OpsApp
from routeiq.kit.rpc import RpcServer
from routeiq.kit.server import HTTPServer, bind
from routeiq.routing.artifact import verify
from routeiq.routing.engine import Engine, EngineMetrics, trust_in
from routeiq.routing.fleet import Fleet
from routeiq.routing.servicer import SERVICE, RoutingServicer
from routeiq.routing.settings import PREFIX, Settings

log = structlog.get_logger()

AUDIENCE = "routing"


class RoutingApp:
    """One service. `start` it, perhaps await `wait_loaded`, `stop` it; all in one running loop."""

    def __init__(self, settings: Settings, registry: CollectorRegistry) -> None:
        """Make it inside the running loop. Raises: ConfigurationError: no usable key of a caller, a public key of
        artifacts that cannot be read, no address of NATS, or a cache that cannot be used."""
        if not settings.identity_public_keys:
            raise ConfigurationError([f"{PREFIX}IDENTITY_PUBLIC_KEYS names no key: no call could be let in"])
        keys = [load_public_key(path) for path in settings.identity_public_keys]
        self._settings = settings
        settings.public_keys()
        self.engine = Engine(settings, EngineMetrics(registry))
        self._fleet = Fleet(settings, self.engine) if settings.nats_url.get_secret_value() else None
        self._server = RpcServer(AssertionVerifier(keys, AUDIENCE))
        servicer = RoutingServicer(self.engine, settings.roots, self._fleet.supply if self._fleet else None)
        self._server.add(SERVICE, partial(routing_pb2_grpc.add_RoutingServiceServicer_to_server, servicer))
        self._loading: asyncio.Task[None] | None = None
        self.address = ""

    @property
    def ready(self) -> bool:
        """Whether an artifact is served."""
        return self.engine.loaded is not None

    def verify(self) -> None:
        """Raises: ArtifactInvalid: the artifact's manifest or files are not what it says. Blocks on files."""
        directory = self._settings.artifact_dir
        verify(directory, trust=trust_in(self._settings, directory))

    async def start(self) -> None:
        """Listen, which sets `address` to `host:port`; begin to load. Raises: ConfigurationError: the port is taken."""
        self.address = await self._server.start(self._settings.host, self._settings.port)
        self.engine.start()
        if self._fleet is not None:
            self._fleet.start()
        self._loading = asyncio.create_task(self._load(), name="routing-load")
        self._loading.add_done_callback(lambda task: task.cancelled() or task.exception())  # `_load` has logged it
        log.info("routing.listening", address=self.address)

    async def wait_loaded(self) -> None:
        """Return once the artifact is served. Raises: ArtifactInvalid, EncoderInvalid: it never will be."""
        if self._loading is not None:
            await asyncio.shield(self._loading)

    async def drain(self, delay_s: float) -> None:
        """Say NOT_SERVING, and go on taking calls for so long."""
        await self._server.set_serving(False)
        await asyncio.sleep(delay_s)

    async def stop(self, grace_s: float = 1.0) -> None:
        """Answer no new call, let running ones end within `grace_s`, and release everything. Idempotent."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])
        await self._server.stop(grace_s)
        if self._fleet is not None:
            await self._fleet.stop()
        await self.engine.close()

    async def _load(self) -> None:
        try:
            await (self._fleet.begin() if self._fleet else self.engine.load(self._settings.artifact_dir))
        except Exception as error:
            log.error("artifact.refused", directory=str(self._settings.artifact_dir), reason=str(error))
            raise
        await self._server.set_serving(True)


class RoutingService:
    """The service with its second port, as a container and the embedded suite run it. Make it in the running loop."""

    name = "routing"

    def __init__(self, settings: Settings) -> None:
        """Binds the second port. Raises: ConfigurationError: no usable key of a caller, or the port is taken."""
        registry = CollectorRegistry()
        describe_build(registry)
        self.app = RoutingApp(settings, registry)
        self._settings = settings
        self.readiness = Readiness(self.name)
        self.ops = HTTPServer(OpsApp(self.readiness, registry), bind(settings.ops_host, settings.ops_port))
        self._stop = asyncio.Event()

    @property
    def url(self) -> str:
        """`host:port`: gRPC names have no scheme."""
        return self.app.address

    async def verify(self) -> None:
        """Check the artifact's manifest and hashes, in milliseconds: what `start` loads later, if it can.
        Raises: ArtifactInvalid."""
        await asyncio.to_thread(self.app.verify)

    async def start(self) -> None:
        """Listen. Raises: ConfigurationError: the port is taken."""
        await self.app.start()

    async def serve(self) -> None:
        """Until `stop`, after `start`. Raises: ArtifactInvalid, EncoderInvalid: it cannot serve."""
        probes = asyncio.create_task(self.ops.serve())
        try:
            await self.app.wait_loaded()
            self.readiness.serving = True
            await self._stop.wait()
            await self.app.drain(self._settings.drain_delay_s)
        finally:
            await self.app.stop(self._settings.drain_s)
            self.ops.stop()
            await probes

    def stop(self) -> None:
        """Say that it is not ready; after `drain_delay_s` more of service answer what runs, take nothing new."""
        self.readiness.draining = True
        self._stop.set()


async def launch(config: Path | None) -> RoutingService:
    """The service as `ROUTEIQ_ROUTING_*` says, listening. It reads no configuration document."""
    service = RoutingService(Settings.read())
    await service.start()
    return service
