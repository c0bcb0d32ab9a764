"""One HTTP service: its app on its own port, its health and metrics on a second one. Signals belong to who runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from prometheus_client import CollectorRegistry

from routeiq.kit.build import describe_build
from routeiq.kit.errors import RouteIQError
from routeiq.kit.health import Readiness
from routeiq.kit.ops import OpsApp
from routeiq.kit.server import HTTPServer, bind

OnStop = Callable[[], None]


class Runner(Protocol):
    """What `routeiq up` and `routeiq serve` ask of a service."""

    name: str

    @property
    def url(self) -> str:
        """Where it is reached, as `endpoints.json` names it."""
        ...

    async def serve(self) -> None:
        """Until `stop`."""
        ...

    def stop(self) -> None: ...


class ServiceStopped(RouteIQError):
    """A service ended although nobody asked it to."""

    code = "service_stopped"


class Service:
    """Bound when made, so that its address is known before it serves."""

    def __init__(
        self, name: str, server: HTTPServer, ops: HTTPServer, *, on_stop: OnStop = lambda: None, linger_s: float = 0.0
    ) -> None:
        """`on_stop` is called first of all; after `linger_s` more seconds of service nothing new is accepted."""
        self.name = name
        self.server = server
        self.ops = ops
        self._on_stop = on_stop
        self._linger_s = linger_s
        self._asked = False

    @property
    def url(self) -> str:
        return f"http://{self.server.address}"

    async def serve(self) -> None:
        """Until `stop`. Raises ServiceStopped when a server ends before that."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._serve(self.ops))
            await self._serve(self.server)
            self.ops.stop()

    async def _serve(self, server: HTTPServer) -> None:
        await server.serve()
        if not self._asked:
            raise ServiceStopped(f"{self.name} ended unexpectedly; see the log.")

    def stop(self) -> None:
        """Finish what runs, accept nothing new. The second port goes last, so that probes see the drain."""
        self._asked = True
        self._on_stop()
        if self._linger_s:
            asyncio.get_running_loop().call_later(self._linger_s, self.server.stop)
        else:
            self.server.stop()


def shell(name: str, host: str, port: int, ops_port: int) -> Service:
    """A service that answers its health on both ports and nothing else; ready as soon as it serves."""
    registry = CollectorRegistry()
    describe_build(registry)
    readiness = Readiness(name, serving=True)
    server = HTTPServer(OpsApp(readiness, registry), bind(host, port))
    return Service(name, server, HTTPServer(OpsApp(readiness, registry), bind(host, ops_port)))
