"""One HTTP service: its app on its own port, its health and metrics on a second one. Signals belong to who runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from routeiq.kit.errors import RouteIQError
from routeiq.kit.server import HTTPServer

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
        self,
        name: str,
        server: HTTPServer,
        ops: HTTPServer,
        *,
        also: Sequence[HTTPServer] = (),
        on_stop: OnStop = lambda: None,
        linger_s: float = 0.0,
    ) -> None:
        """`also` are further ports that come and go with the first. `on_stop` is called first of all; after `linger_s`
        more seconds of service, in which kept connections end with their next answer, nothing new is accepted."""
        self.name = name
        self.server = server
        self.ops = ops
        self.also = tuple(also)
        self._on_stop = on_stop
        self._linger_s = linger_s
        self._asked = False

    @property
    def url(self) -> str:
        return f"http://{self.server.address}"

    @property
    def ops_url(self) -> str:
        """Where its health is asked."""
        return f"http://{self.ops.address}"

    async def serve(self) -> None:
        """Until `stop`. Raises ServiceStopped when a server ends before that."""
        async with asyncio.TaskGroup() as group:
            for server in (self.ops, *self.also):
                group.create_task(self._serve(server))
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
            for server in (self.server, *self.also):
                server.linger()
            asyncio.get_running_loop().call_later(self._linger_s, self._accept_nothing)
        else:
            self._accept_nothing()

    def _accept_nothing(self) -> None:
        for server in (self.server, *self.also):
            server.stop()
