"""HTTP from one of our services to another: bytes as they come, no redirect, no cookie, no proxy.

What may be repeated (RFC 9110, 9.2.2) goes out once more where no byte of an answer came, on a connection of its own;
nothing else does. The callers' text says which service was away. Who may not need it imports this module late.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import h11

from routeiq.kit.errors import RouteIQError, Unavailable
from routeiq.kit.internal_connection import Asked, InternalConnection, Unanswered

CONNECT_TIMEOUT_S = 1.0
MAX_CONNECTIONS = 100
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
_LOST = (OSError, ValueError, h11.ProtocolError)
"""ValueError: what cannot be sent, and a URL that is none."""


class ServiceAway(Unavailable):
    """It cannot be reached, or broke off."""

    code = "service_away"


class ServiceSilent(RouteIQError):
    """It took the request and said nothing in time. What was asked may have been done."""

    status, type, code, expose = 504, "service_unavailable", "service_silent", True


class InternalAnswer:
    """An answer whose head has come. `close` it, whatever was read."""

    def __init__(
        self,
        head: h11.Response,
        connection: InternalConnection,
        service: str,
        gap_timeout_s: float,
        give_back: Callable[[InternalConnection], None],
    ) -> None:
        self._connection = connection
        self._service = service
        self._gap_timeout_s = gap_timeout_s
        self._give_back = give_back
        self._whole = self._closed = False
        self.status = head.status_code
        self.headers = list(head.headers)
        """Names in lower case."""
        length = dict(self.headers).get(b"content-length")
        self.length = int(length) if length is not None else None
        """None: it ends when it ends."""

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, as it comes. Raises: ServiceAway, ServiceSilent: it ends early."""
        try:
            while not self._whole and (chunk := await self._connection.piece(self._gap_timeout_s)):
                yield chunk
        except TimeoutError:
            raise ServiceSilent(f"{self._service} stopped in the middle of its answer.") from None
        except _LOST:
            raise ServiceAway(f"{self._service} broke off its answer.") from None
        self._whole = True
        self.close()

    def close(self) -> None:
        """An answer that was read to its end has given its connection back; otherwise the connection is closed."""
        if not self._closed:
            self._closed = True
            self._give_back(self._connection)


class InternalClient:
    """Of one service. It opens at the first call, in the running loop.

    Args: url: `http://host:port`.  service: its name in error texts."""

    def __init__(self, url: str, service: str, *, connect_timeout_s: float = CONNECT_TIMEOUT_S) -> None:
        self._url = url.rstrip("/")
        self._service = service
        self._connect_timeout_s = connect_timeout_s
        self._room = asyncio.Semaphore(MAX_CONNECTIONS)
        self._open: set[InternalConnection] = set()

    async def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | AsyncIterator[bytes],
        *,
        head_timeout_s: float,
        gap_timeout_s: float,
    ) -> InternalAnswer:
        """Args: target: path and query, encoded.  head_timeout_s: for the answer's head, once the body is sent in time.
        gap_timeout_s: for each wait for more of it.  Raises: ServiceAway, ServiceSilent."""
        try:
            async with asyncio.timeout(head_timeout_s):
                place = _place(self._url)
                asked = Asked(method, place.path + target, place.netloc, headers, body)
                head, connection = await self._ask(asked, place, gap_timeout_s)
        except TimeoutError:
            raise ServiceSilent(f"{self._service} did not answer in time.") from None
        except _LOST:
            raise ServiceAway(f"{self._service} cannot be reached.") from None
        return InternalAnswer(head, connection, self._service, gap_timeout_s, self._give_back)

    async def close(self) -> None:
        """A later call opens anew."""
        for connection in tuple(self._open):
            connection.abort()
        await asyncio.sleep(0)  # then their sockets are closed

    async def _ask(self, asked: Asked, place: _Place, gap_s: float) -> tuple[h11.Response, InternalConnection]:
        await self._room.acquire()
        try:
            try:
                connection = next((one for one in self._open if one.free), None) or await self._dial(place)
                return await connection.ask(asked, gap_s), connection
            except Unanswered:
                if asked.method not in _REPEATABLE or not isinstance(asked.body, bytes):
                    raise
            connection = await self._dial(place)
            return await connection.ask(asked, gap_s), connection
        except BaseException:
            self._room.release()
            raise

    async def _dial(self, place: _Place) -> InternalConnection:
        """Its addresses one after the other, each with an even share of the time. Raises: ConnectionError, gaierror."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)  # within the head's time
        deadline = loop.time() + self._connect_timeout_s
        failed: OSError = Unanswered()
        for position, (*_, address) in enumerate(found):
            try:
                async with asyncio.timeout((deadline - loop.time()) / (len(found) - position)):
                    return await self._connect(str(address[0]), place)
            except TimeoutError:
                failed = ConnectionError()  # to try again would take as long
            except OSError:
                failed = Unanswered()
        raise failed

    async def _connect(self, address: str, place: _Place) -> InternalConnection:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: InternalConnection(self._open), address, place.port,
            ssl=place.tls or None, server_hostname=place.host if place.tls else None,
        )  # fmt: skip
        return connection

    def _give_back(self, connection: InternalConnection) -> None:
        self._room.release()
        connection.release()


class _Place(NamedTuple):
    """Where a service is. `netloc` is what `host` says, `path` comes before each target."""

    host: str
    port: int
    tls: bool
    netloc: str
    path: str


def _place(url: str) -> _Place:
    """Raises: ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the address of a service is not http://HOST:PORT")
    tls = parts.scheme == "https"
    return _Place(parts.hostname, parts.port or (443 if tls else 80), tls, parts.netloc.rpartition("@")[2], parts.path)
