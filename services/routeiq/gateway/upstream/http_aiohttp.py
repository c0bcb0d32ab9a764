"""`HTTPClient` over aiohttp: one session, opened at the first call in the running loop.

Answers are decoded (gzip, deflate; brotli and zstd where installed; a gzip body that ends early under a right length is
not noticed here, but by whoever parses it). aiohttp's total timeout is never
used, because it would cut long streams; the head has its own bound, and so has each wait for more bytes.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import cast

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from routeiq.gateway.upstream.http import MAX_BODY_BYTES, MAX_CONNECTIONS, ProxyOf, response_headers
from routeiq.gateway.upstream.http_tls import certificate_problem, system_tls
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamTimeout
from routeiq.gateway.upstream.requests import HTTPRequest
from routeiq.kit.errors import RouteIQError

log = structlog.get_logger()

CONNECT_TIMEOUT_S = 10.0
_READ_BUFFER_BYTES = 64 * 1024
_TRANSPORT_ERRORS = (aiohttp.ClientError, OSError, ValueError)
"""ValueError: aiohttp raises it for URLs and headers that it cannot send."""
_ENCODINGS = frozenset({"", "identity", "gzip", "deflate", "br", "zstd"})
"""Those that aiohttp decodes or, without their library, refuses itself."""

CheckURL = Callable[[str], Awaitable[object]]
"""Raises a RouteIQError for a URL that must not be called. It sees what no resolver does: IP literals and schemes."""


class _Connector(aiohttp.TCPConnector):
    """aiohttp keeps what comes over an idle connection and takes it for the next answer. Here such a one is closed."""

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        for protocol, _ in self._conns.get(key, ()):
            if protocol.should_close:
                if protocol.is_connected():
                    log.warning("upstream.spoke_unasked", host=key.host, port=key.port)
                protocol.close()
        return await super()._get(key, traces)


class AiohttpResponse:
    """An answer whose head has come."""

    __slots__ = ("_label", "_limit", "_response", "headers", "status")

    def __init__(self, response: aiohttp.ClientResponse, label: str, limit_bytes: int) -> None:
        self._response = response
        self._label = label
        self._limit = limit_bytes
        self.status = response.status
        self.headers: Mapping[str, str] = response_headers(response.headers.items())
        _end_with_connection(response)

    async def read(self) -> bytes:
        """Raises UpstreamFailed: the body ends early, is not decodable or too long; UpstreamTimeout: it stalls."""
        body = bytearray()
        async for chunk in self.chunks():
            body += chunk
            if len(body) > self._limit:
                await self.close()
                raise UpstreamFailed(f"The answer of `{self._label}` is longer than {self._limit} bytes.")
        return bytes(body)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Raises UpstreamFailed: the body ends early or cannot be decoded; UpstreamTimeout: it stalls."""
        try:
            while chunk := await self._response.content.readany():
                yield chunk
        except TimeoutError:
            raise UpstreamTimeout(f"`{self._label}` stopped sending in the middle of its answer.") from None
        except _TRANSPORT_ERRORS as error:
            raise UpstreamFailed(f"`{self._label}` broke off its answer ({type(error).__name__}).") from None
        finally:
            self._response.close()

    async def close(self) -> None:
        """A fully read answer has already given its connection back to the pool; otherwise the connection is closed."""
        self._response.close()


def _end_with_connection(response: aiohttp.ClientResponse) -> None:
    """A connection that ends before the body does is the body's end, also where aiohttp's parser gave up on it: it then
    closes the connection, and leaves whoever reads to wait."""
    protocol = response.connection.protocol if response.connection is not None else None
    closed = protocol.closed if protocol is not None else None
    if closed is None or response.content.is_eof():
        return

    def lost(_: object) -> None:
        if not response.content.is_eof() and response.content.exception() is None:
            response.content.set_exception(aiohttp.ClientPayloadError("the connection was lost"))

    def ended() -> None:
        closed.remove_done_callback(lost)

    closed.add_done_callback(lost)
    response.content.on_eof(ended)


class AiohttpClient:
    """Keeps connections alive per host.

    Args: resolver: answers with permitted addresses only. check_url: refuses literals and schemes, which no resolver
    sees. Both fit `kit.outbound`. tls: None: the system's authorities. proxy_of: None: no proxies; behind one it is the
    proxy that resolves names, so that `check_url` alone guards them.
    """

    def __init__(
        self,
        *,
        resolver: AbstractResolver | None = None,
        check_url: CheckURL | None = None,
        tls: ssl.SSLContext | None = None,
        proxy_of: ProxyOf | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        max_connections: int = MAX_CONNECTIONS,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._resolver = resolver
        self._check_url = check_url
        self._tls = tls
        self._proxy_of = proxy_of
        self._connect_timeout_s = connect_timeout_s
        self._max_connections = max_connections
        self._max_body_bytes = max_body_bytes
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: HTTPRequest) -> AiohttpResponse:
        """POST. Raises as `HTTPClient.send`."""
        try:
            async with asyncio.timeout(request.timeout_s):
                await self._check(request)
                response = await self._open().post(
                    request.url,
                    data=_payload(request.body),
                    headers=request.named(),
                    allow_redirects=False,
                    proxy=self._proxy_of(request.url) if self._proxy_of is not None else None,
                    timeout=aiohttp.ClientTimeout(
                        total=None, sock_connect=self._connect_timeout_s, sock_read=request.timeout_s
                    ),
                )
        except TimeoutError:
            raise UpstreamTimeout(f"`{request.label}` did not answer in time.") from None
        except aiohttp.ClientConnectorCertificateError as error:
            refused = cast("ssl.SSLCertVerificationError", error.certificate_error)
            raise UpstreamFailed(certificate_problem(request.label, refused)) from None
        except _TRANSPORT_ERRORS as error:
            raise UpstreamFailed(f"`{request.label}` could not be reached ({type(error).__name__}).") from None
        problem = _unreadable(response)
        if problem:
            response.close()
            raise UpstreamFailed(f"`{request.label}` gave no answer that can be read ({problem}).")
        return AiohttpResponse(response, request.label, self._max_body_bytes)

    async def close(self) -> None:
        """Closes every connection; a later call opens anew."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _check(self, request: HTTPRequest) -> None:
        if self._check_url is None:
            return
        try:
            await self._check_url(request.url)
        except RouteIQError as refused:
            raise UpstreamFailed(f"The address of `{request.label}` is not allowed ({refused.code}).") from None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=_Connector(
                    resolver=self._resolver,
                    use_dns_cache=self._resolver is None,  # a resolver that pins is asked for every connection
                    limit=self._max_connections,
                    ssl=self._tls or system_tls(),
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"user-agent": "routeiq"},
                skip_auto_headers=("content-type",),
                read_bufsize=_READ_BUFFER_BYTES,
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._session


def _payload(body: bytes) -> bytes | io.BytesIO:
    """A long body goes out in pieces, so that it does not hold the loop up; aiohttp warns of anything else."""
    return body if len(body) <= _READ_BUFFER_BYTES else io.BytesIO(body)


def _unreadable(response: aiohttp.ClientResponse) -> str:
    """What aiohttp lets pass though its body could not be delimited or decoded."""
    coding = response.headers.get("transfer-encoding", "chunked")
    if coding.strip().lower() != "chunked":
        return "unknown transfer coding"
    if response.headers.get("content-encoding", "").strip().lower() not in _ENCODINGS:
        return "content encoding that was not asked for"
    if response.status >= 600:
        return "a status that is none"
    return "another protocol that was not asked for" if response.status < 200 else ""
