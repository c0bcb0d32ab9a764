"""Pass a request on to the service that owns its path, and that service's answer back.

What goes on is on a list: no credential, no cookie, nothing internal that a client made up. In their place goes a
signed assertion of who is asking. Both bodies stream, within their limits; a client that leaves ends the call. What the
owner says it has changed is applied here before its answer goes on, so that a write is in force on the replica that
answers it (architecture, section 4).
"""

from __future__ import annotations

import asyncio
import string
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from routeiq.gateway.access import Line
from routeiq.gateway.pipeline.authenticate import presented_key
from routeiq.gateway.upstream.http import HOP_BY_HOP
from routeiq.kit.asgi import Answer, ClientDisconnected, DisconnectWatch, Receive, Scope, first_values, read_body
from routeiq.kit.errors import BodyTooLarge, RouteIQError, Unavailable
from routeiq.kit.exchange import exchange_of
from routeiq.kit.principal import Principal
from routeiq.kit.signing import HEADER as ASSERTION_HEADER
from routeiq.kit.ticker import Ticker

if TYPE_CHECKING:
    from routeiq.kit.internal_http import InternalAnswer, InternalClient

CHANGED = b"x-routeiq-internal-changed"
HEAD_TIMEOUT_S = 30.0
GAP_TIMEOUT_S = 120.0
UPLOAD_BYTES_S = 1024 * 1024
"""How slowly a client may send what is larger than other requests."""
FETCH_TIMEOUT_S = 2.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Of an answer that is no stream of events, which may go on for ever, and no CSV, which is as long as what is asked
for."""
WHOLE_BYTES = 1024 * 1024
"""An answer of known length goes on in one piece up to here."""

_PASSED_ON = (
    b"accept", b"accept-language", b"content-type", b"if-match", b"if-none-match", b"litellm-changed-by",
    b"traceparent", b"tracestate", b"user-agent",
)  # fmt: skip
_KEPT_BACK = {name.encode() for name in HOP_BY_HOP} | {
    b"content-length", b"date", b"server", b"set-cookie", b"www-authenticate", b"x-request-id",
}  # fmt: skip
_KEPT_BACK_PREFIXES = (b"x-routeiq-internal-", b"access-control-")
_PATH_SAFE = "/-._~!$&'()*+,;=:@"
"""RFC 3986, 3.3."""
_QUERY_SAFE = string.punctuation
"""It is encoded already; what is not ASCII, or no text, was never to be sent so."""

Sign = Callable[[Principal | None], str]
"""An assertion for the owner. None: nobody in particular asks."""
Apply = Callable[[bytes], Awaitable[None]]
"""Take what the owner changed into account; the header's value. Never raises."""


class Delegated(NamedTuple):
    """One request to pass on. `method` is GET for HEAD."""

    line: Line
    method: str
    principal: Principal | None
    request_id: str


class Delegate:
    """To one owner. `close` it.

    Args: url: the owner's; empty: there is none here.  body_limit: bytes of a request, now; a line may
    take more."""

    def __init__(
        self, name: str, url: str, *, sign: Sign, apply: Apply, body_limit: Callable[[], int], ticker: Ticker
    ) -> None:
        self._name = name
        self._url = url
        self._sign = sign
        self._apply = apply
        self._body_limit = body_limit
        self._ticker = ticker
        self._client: InternalClient | None = None

    async def pass_on(self, call: Delegated, scope: Scope, receive: Receive, answer: Answer) -> None:
        """Raises: RouteIQError: before the answer began, or in the middle of it."""
        exchange = exchange_of(scope)
        upload = Upload(receive, max(self._body_limit(), call.line.body_limit))
        body = await self._body(upload, scope, receive) if call.principal is not None else b""
        with DisconnectWatch(receive, self._ticker, exchange=exchange):
            response = await self._send(call, scope, body, upload)
            try:
                await self._changed(response)
                await _relay(response, answer)
            finally:
                response.close()

    async def fetch(self, path: str, timeout_s: float = FETCH_TIMEOUT_S) -> bytes:
        """A document of the owner's that the gateway itself asks for. Raises: RouteIQError: it is not to be had."""
        client = self._client or await self._open()
        response = await client.send(
            "GET", path, {ASSERTION_HEADER: self._sign(None)}, b"", head_timeout_s=timeout_s, gap_timeout_s=timeout_s
        )
        try:
            if response.status != 200:
                raise Unavailable(f"{self._name} has no {path}.")
            return await _whole(response)
        finally:
            response.close()

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _body(self, upload: Upload, scope: Scope, receive: Receive) -> bytes | AsyncIterator[bytes]:
        """All of it where it is there already, or where our own server is not the one that says when a client leaves;
        else as it comes."""
        exchange = exchange_of(scope)
        if exchange is None:
            return await read_body(scope, receive, upload.limit)
        whole = exchange.body()
        if whole is None:
            return upload.pieces()
        upload.count(len(whole))
        return whole

    async def _send(
        self, call: Delegated, scope: Scope, body: bytes | AsyncIterator[bytes], upload: Upload
    ) -> InternalAnswer:
        client = self._client or await self._open()
        try:
            return await client.send(
                call.method,
                _target(scope),
                self._headers(call, scope),
                body,
                head_timeout_s=HEAD_TIMEOUT_S + call.line.body_limit / UPLOAD_BYTES_S,
                gap_timeout_s=GAP_TIMEOUT_S,
            )
        except RouteIQError:
            if upload.error is not None:
                raise upload.error from None
            raise

    async def _open(self) -> InternalClient:
        """In a thread, because h11 takes a while to import. Requests that come together keep the first one made."""
        if not self._url:
            raise Unavailable(f"No address of {self._name} is configured here.", retry_after_s=60)
        made = await asyncio.to_thread(_make_client, self._url, self._name)
        self._client = self._client or made
        return self._client

    def _headers(self, call: Delegated, scope: Scope) -> dict[str, str]:
        sent = first_values(scope)
        headers = {name.decode(): sent[name].decode("latin-1") for name in _PASSED_ON if name in sent}
        return headers | {"x-request-id": call.request_id, ASSERTION_HEADER: self._sign(call.principal)}

    async def _changed(self, response: InternalAnswer) -> None:
        for name, value in response.headers:
            if name == CHANGED:
                await self._apply(value)


class Upload:
    """A request's body as it comes, counted. `error`: why it ended before its end."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit
        self.limit = limit
        self.error: RouteIQError | None = None

    def count(self, size: int) -> None:
        """Raises: BodyTooLarge."""
        self._left -= size
        if self._left < 0:
            self.error = BodyTooLarge(f"The request body is larger than the limit of {self.limit} bytes.")
            raise self.error

    async def pieces(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.error = ClientDisconnected("client left while sending its body")
                raise self.error
            piece: bytes = message.get("body", b"")
            self.count(len(piece))
            more = message.get("more_body", False)
            yield piece


async def _relay(response: InternalAnswer, answer: Answer) -> None:
    headers = _passed_back(response)
    if response.length is not None and response.length <= WHOLE_BYTES:
        await answer.whole(response.status, await _whole(response), headers)
        return
    events = _is(b"text/event-stream", headers)
    endless = events or _is(b"text/csv", headers)
    size = 0
    await answer.start(response.status, headers)
    answer.streams = events
    async for chunk in response.chunks():
        size += len(chunk)
        if size > MAX_ANSWER_BYTES and not endless:
            raise AnswerTooLarge("the owner's answer is longer than its limit")
        waiting = answer.part(chunk)
        if waiting is not None:
            await waiting
    await answer.end()


class AnswerTooLarge(RouteIQError):
    status, type, code = 502, "internal_error", "answer_too_large"


async def _whole(response: InternalAnswer) -> bytes:
    """Raises: AnswerTooLarge."""
    body = bytearray()
    async for chunk in response.chunks():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise AnswerTooLarge("the owner's answer is longer than its limit")
    return bytes(body)


def _passed_back(response: InternalAnswer) -> list[tuple[bytes, bytes]]:
    """What of the answer's headers a client may see."""
    listed = b",".join(value for name, value in response.headers if name == b"connection")
    named = {token.strip().lower() for token in listed.split(b",")}
    kept_back = _KEPT_BACK | named
    return [
        (name, value)
        for name, value in response.headers
        if name not in kept_back and not name.startswith(_KEPT_BACK_PREFIXES)
    ]


def _is(media_type: bytes, headers: list[tuple[bytes, bytes]]) -> bool:
    return any(name == b"content-type" and value.startswith(media_type) for name, value in headers)


def _target(scope: Scope) -> str:
    """The path that was checked, not the one that was written, and the query: without a key that stood for the caller.
    A `key` beside another credential is an argument, as in `/key/info?key=`."""
    path = quote(scope["path"], safe=_PATH_SAFE)
    query: bytes = scope.get("query_string", b"")
    if b"key=" in query and presented_key(first_values(scope)) is None:
        query = b"&".join(part for part in query.split(b"&") if not _is_key(part))
    return f"{path}?{quote(query, safe=_QUERY_SAFE)}" if query else path


def _is_key(part: bytes) -> bool:
    """However its name is written."""
    return unquote_to_bytes(part.partition(b"=")[0]) == b"key"


def _make_client(url: str, name: str) -> InternalClient:
    from routeiq.kit.internal_http import InternalClient  # noqa: PLC0415  # for who manages

    return InternalClient(url, name)
