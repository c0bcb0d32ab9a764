"""`HTTPClient` of our own: HTTP/1.1 over asyncio transports and httptools, with connections kept alive per origin.

Made for the hot path: no task and no timer a call, heads encoded once, bytes handed on as they come. The outbound guard
is asked for every new connection; a URL's own check is remembered. A kept connection that dies before a byte of the
answer came is a stale one: the call is sent once more, on a fresh connection.
"""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from typing import Final, NamedTuple

from routeiq.gateway.upstream.http import MAX_BODY_BYTES, MAX_CONNECTIONS, RequestHeaders
from routeiq.gateway.upstream.http_connection import Connection
from routeiq.gateway.upstream.http_dial import CONNECT_TIMEOUT_S, Dial, dial
from routeiq.gateway.upstream.http_exchange import ConnectionLost, Exchange
from routeiq.gateway.upstream.http_head import AnswerRefused, request_head, request_target
from routeiq.gateway.upstream.http_origin import Origin
from routeiq.gateway.upstream.http_response import PooledResponse, UnfinishedResponse
from routeiq.gateway.upstream.http_slots import IDLE_S, Slots
from routeiq.gateway.upstream.http_tls import certificate_problem
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamTimeout
from routeiq.gateway.upstream.requests import REQUEST_ID, HTTPRequest
from routeiq.kit.errors import RouteIQError
from routeiq.kit.outbound import InvalidURL, OutboundGuard, OutboundPolicy
from routeiq.kit.outbound import Origin as Word
from routeiq.kit.outbound.guard import NameUnresolved

_MAX_URLS: Final = 1024


class _Destination(NamedTuple):
    """A URL that was taken apart and checked."""

    origin: Origin
    line: str
    host: str


class PooledClient:
    """One loop, one client. Idle connections are closed after `idle_s`.

    Args: guard: resolves and checks addresses; None: the policy for documents, under which metadata addresses alone are
    refused. tls: None: the system's authorities. dial: opens a connection.
    """

    def __init__(
        self,
        *,
        guard: OutboundGuard | None = None,
        tls: ssl.SSLContext | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        max_connections: int = MAX_CONNECTIONS,
        max_body_bytes: int = MAX_BODY_BYTES,
        idle_s: float = IDLE_S,
        dial: Dial = dial,
    ) -> None:
        self._guard = guard or OutboundGuard(OutboundPolicy(), Word.DOCUMENT)
        self._tls = tls
        self._connect_timeout_s = connect_timeout_s
        self._max_connections = max_connections
        self._max_body_bytes = max_body_bytes
        self._idle_s = idle_s
        self._open_one = dial
        self._slots: Slots | None = None
        self._destinations: dict[str, _Destination] = {}

    @property
    def open_connections(self) -> int:
        """Sockets that are not yet closed, idle ones included."""
        return self._slots.open_connections if self._slots is not None else 0

    async def send(self, request: HTTPRequest) -> PooledResponse:
        """POST. Raises as `HTTPClient.send`."""
        slots = self._slots or self._open(asyncio.get_running_loop())
        loop = slots.loop
        destination = self._destinations.get(request.url) or self._destination(slots, request)
        head = _head(destination, request)
        deadline = loop.time() + request.timeout_s
        try:
            connection = None if request.fresh else slots.take(destination.origin)
            if connection is None:
                connection = await self._connection(slots, destination.origin, request, deadline, fresh=request.fresh)
            kept = connection.kept
            exchange = connection.begin(head, request.body, request.timeout_s)
            try:
                await exchange.arrival(deadline)
            except (ConnectionLost, OSError) as error:
                if not kept or exchange.answered or isinstance(error, TimeoutError):
                    raise
                connection = await self._connection(slots, destination.origin, request, deadline, fresh=True)
                exchange = connection.begin(head, request.body, request.timeout_s)
                await exchange.arrival(deadline)
        except (AnswerRefused, ConnectionLost, OSError) as error:
            raise _failure(request.label, error) from None
        return self._response(exchange, request)

    def begin(self, request: HTTPRequest) -> Exchange | None:
        """POST without waiting for anything, for who `call`s; None: there is no connection at hand that could do it.

        Raises: UpstreamFailed: it cannot be sent."""
        slots, destination = self._slots, self._destinations.get(request.url)
        if slots is None or destination is None:
            return None
        head = _head(destination, request)
        connection = slots.take(destination.origin)
        if connection is None:
            return None
        exchange = connection.begin(head, request.body, request.timeout_s)
        return exchange if exchange.error is None else None

    def response(self, exchange: Exchange, request: HTTPRequest) -> PooledResponse:
        """What `send` returns, of an exchange that has called back. Raises: as `send`.

        What broke off behind its head is a response, too: reading it says so."""
        if exchange.head is not None:
            return self._response(exchange, request)
        assert exchange.error is not None, "it calls back for an answer or an error"
        raise _failure(request.label, exchange.error)

    def _response(self, exchange: Exchange, request: HTTPRequest) -> PooledResponse:
        assert exchange.head is not None
        kind = PooledResponse if exchange.complete else UnfinishedResponse
        return kind(exchange, exchange.head, request.label, self._max_body_bytes)

    async def close(self) -> None:
        """Closes every connection; a later call opens anew."""
        slots, self._slots = self._slots, None
        self._destinations.clear()
        if slots is not None:
            await slots.close()

    def _open(self, loop: asyncio.AbstractEventLoop) -> Slots:
        self._slots = Slots(loop, self._max_connections, self._idle_s)
        return self._slots

    def _destination(self, slots: Slots, request: HTTPRequest) -> _Destination:
        try:
            target = self._guard.check_url(request.url)
        except RouteIQError as refused:
            raise _refusal(request.label, refused) from None
        destination = _Destination(slots.origin(target), *request_target(request.url, target))
        while len(self._destinations) >= _MAX_URLS:
            del self._destinations[next(iter(self._destinations))]
        self._destinations[request.url] = destination
        return destination

    async def _connection(
        self, slots: Slots, origin: Origin, request: HTTPRequest, deadline: float, *, fresh: bool = False
    ) -> Connection:
        """Off the fast path: one that becomes free, or a new one. Raises: UpstreamFailed, OSError, ConnectionLost."""
        async with asyncio.timeout_at(deadline):
            kept = await slots.room(None if fresh else origin)
            if kept is not None:
                return kept
            try:
                connection = await self._dial(slots, origin, request, deadline)
            except BaseException:
                slots.forgo()
                raise
        slots.opened(connection)
        return connection

    async def _dial(self, slots: Slots, origin: Origin, request: HTTPRequest, deadline: float) -> Connection:
        try:
            route = await self._guard.authorize(request.url)
        except RouteIQError as refused:
            raise _refusal(request.label, refused) from None
        loop = asyncio.get_running_loop()
        made = partial(Connection, loop, slots, origin)
        return await self._open_one(route, made, self._tls, self._connect_timeout_s, deadline)


def _head(destination: _Destination, request: HTTPRequest) -> bytes:
    """All but the value of `content-length`."""
    head, id_ = _lasting_head(destination, request), request.request_id
    if not id_ or REQUEST_ID in request.headers:
        return b"%bcontent-length: " % head
    return b"%bx-request-id: %b\r\ncontent-length: " % (head, id_.encode("latin-1"))


def _lasting_head(destination: _Destination, request: HTTPRequest) -> bytes:
    """What is the same for the next request."""
    headers = request.headers
    kept = headers if isinstance(headers, RequestHeaders) else None
    if kept is not None and kept.encoded_for is destination:
        return kept.encoded
    try:
        head = request_head(destination.line, destination.host, headers)
    except ValueError:
        raise UpstreamFailed(f"`{request.label}` has a header that cannot be sent.") from None
    if kept is not None:
        kept.encoded, kept.encoded_for = head, destination
    return head


def _refusal(label: str, refused: RouteIQError) -> UpstreamFailed:
    if isinstance(refused, InvalidURL | NameUnresolved):
        return UpstreamFailed(f"`{label}` could not be reached ({type(refused).__name__}).")
    return UpstreamFailed(f"The address of `{label}` is not allowed ({refused.code}).")


def _failure(label: str, error: BaseException) -> UpstreamFailed:
    if isinstance(error, TimeoutError):
        return UpstreamTimeout(f"`{label}` did not answer in time.")
    if isinstance(error, ssl.SSLCertVerificationError):
        return UpstreamFailed(certificate_problem(label, error))
    if isinstance(error, AnswerRefused):
        return UpstreamFailed(f"`{label}` gave no answer that can be read ({error}).")
    return UpstreamFailed(f"`{label}` could not be reached ({type(error).__name__}).")
