"""Serve an ASGI app on a socket that is already bound, under somebody else's signals and task group."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
import uvicorn

from routeiq.kit.asgi import ASGIApp
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.http_protocol import HTTPProtocol, Refused

log = structlog.get_logger()

BACKLOG = 2048
SWEEP_INTERVAL_S = 5.0


def bind(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Port 0 is any free one; `::` takes IPv4, too, whatever the machine's own default is.

    Raises: ConfigurationError: the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:  # a machine without IPv6
        raise ConfigurationError([_why(host, port, error)]) from None
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        if family is socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise ConfigurationError([_why(host, port, error)]) from None
    sock.setblocking(False)
    return sock


def _why(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use. Stop what listens there, or choose another with --port."
    return f"Cannot listen on {host}:{port}: {error.strerror or error}"


def sweep(connections: Iterable[object], now: float) -> None:
    """Give up peers that are silent past their deadline, or take no answers. One that fails spares no other."""
    for one in list(connections):
        if isinstance(one, HTTPProtocol):
            try:
                one.expire(now)
            except Exception:  # the others are still to be asked
                log.exception("http.sweep_failed")


def address_of(sock: socket.socket) -> str:
    """`host:port`, as a client may use it."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class HTTPServer:
    """One uvicorn server without signal handlers. `serve` returns after `stop` once requests in flight have ended."""

    def __init__(
        self, app: ASGIApp, *sockets: socket.socket, drain_s: int = 30, refused: Refused = lambda _: None
    ) -> None:
        """The first socket is the one that `address` names."""
        config = uvicorn.Config(
            app,
            http=self._connection,  # type: ignore[arg-type]  # it is called as a class would be
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=drain_s,
        )
        self._server = _Quiet(config)
        self._sockets = list(sockets)
        self._refused = refused
        self._lingering = False

    @property
    def address(self) -> str:
        return address_of(self._sockets[0])

    async def wait_started(self) -> None:
        """Return once it answers."""
        await self._server.answering.wait()

    async def serve(self) -> None:
        sweeping = asyncio.create_task(self._sweep())
        try:
            await self._server.serve(sockets=self._sockets)
        finally:
            sweeping.cancel()
            await asyncio.wait([sweeping])

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_INTERVAL_S)
            sweep(self._server.server_state.connections, loop.time())

    def _connection(self, *given: Any, **named: Any) -> HTTPProtocol:
        made = HTTPProtocol(*given, refused=self._refused, **named)
        made.draining = self._lingering
        return made

    def linger(self) -> None:
        """Before `stop`: take what comes, but let each connection end with its next answer, which says so. Whoever
        keeps connections then opens new ones elsewhere, and none is closed in a client's face."""
        self._lingering = True
        for one in self._server.server_state.connections:
            if isinstance(one, HTTPProtocol):
                one.draining = True

    def stop(self) -> None:
        """Accept nothing new; `serve` returns when what runs has ended or the drain limit is reached."""
        self._server.should_exit = True


class _Quiet(uvicorn.Server):
    """Signals belong to the runner; who waits is told when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.answering.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
