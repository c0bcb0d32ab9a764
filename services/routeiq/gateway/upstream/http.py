"""The seam to an HTTP client: what a provider asks of it, and what it may rely on.

Every client keeps connections alive, decodes compressed bodies, follows no redirect, keeps no cookie, and
closes the connection of a call that is cancelled or given up. What raises is the lack of an answer; any
status is a response.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NoReturn, Protocol

from routeiq.gateway.upstream.provider import UpstreamResponse
from routeiq.gateway.upstream.requests import HTTPRequest
from routeiq.kit.outbound import Origin

if TYPE_CHECKING:
    from routeiq.gateway.upstream.http_exchange import Exchange

MAX_BODY_BYTES = 64 * 1024 * 1024
"""The longest answer that `read` takes into memory. Streams have no such limit."""
MAX_CONNECTIONS = 1000
"""Of one client, over all upstreams. A call that finds none free waits within its time-out."""

HOP_BY_HOP = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)
"""RFC 9110, 7.6.1, and the obsolete names that servers still send."""
NOT_PASSED_UP = HOP_BY_HOP | {
    "content-encoding",
    "content-length",
    "set-cookie",
    "set-cookie2",
    "www-authenticate",
    "alt-svc",
    "strict-transport-security",
}
_CREDENTIALS = {
    "authorization", "x-api-key", "api-key", "x-goog-api-key", "x-litellm-api-key", "ocp-apim-subscription-key",
    "x-service-key", "x-admin-api-key", "cookie",
}  # fmt: skip
_OUR_OWN = {
    "host", "content-length", "content-type", "content-encoding", "accept", "accept-encoding", "expect", "user-agent",
}  # fmt: skip
_NOT_PASSED_DOWN = HOP_BY_HOP | _CREDENTIALS | _OUR_OWN


class RequestHeaders(dict[str, str]):
    """Headers that are sent again and again: a client may keep them here, encoded for the place they went to last.

    For that reason they cannot change. Whoever needs others makes a new one.
    """

    __slots__ = ("encoded", "encoded_for")

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__(headers)
        self.encoded = b""
        self.encoded_for: object = None

    def _refuse(self, *_arguments: object, **_named: object) -> NoReturn:
        raise TypeError("these headers are fixed")

    __setitem__ = __delitem__ = __ior__ = update = setdefault = pop = popitem = clear = _refuse


Authorize = Callable[[str, Origin], Awaitable[object]]
"""Resolves a URL's host and checks every answer. Raises a RouteIQError for one that must not be called on that word."""


ProxyOf = Callable[[str], str | None]
"""The proxy to use for a URL, which may hold a password: for no log and no error text."""


class HTTPClient(Protocol):
    async def send(self, request: HTTPRequest) -> UpstreamResponse:
        """Raises: UpstreamTimeout, UpstreamFailed (refused, reset, not HTTP, address not allowed)."""
        ...

    async def close(self) -> None: ...


class PromptClient(HTTPClient, Protocol):
    """One that can also send without waiting."""

    def begin(self, request: HTTPRequest) -> Exchange | None:
        """POST now; `Exchange.call` says when there is an answer. None: it cannot be done without waiting.

        Raises: UpstreamFailed: it cannot be sent."""
        ...

    def response(self, exchange: Exchange, request: HTTPRequest) -> UpstreamResponse:
        """What `send` returns, of an exchange that has called back. Raises: as `send`."""
        ...


def response_headers(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What a provider may see of a response's headers: lower-case names, repeated ones joined by `, `.

    Hop-by-hop headers (those that `connection` names too), encodings, cookies and challenges are gone, and so
    are values with anything but printable ASCII.
    """
    lowered = [(name.lower(), value) for name, value in pairs]
    named = {token.strip().lower() for name, value in lowered if name == "connection" for token in value.split(",")}
    kept: dict[str, str] = {}
    for name, value in lowered:
        if name not in NOT_PASSED_UP and name not in named and value.isascii() and value.isprintable():
            kept[name] = f"{kept[name]}, {value}" if name in kept else value
    return kept


def forwarded_headers(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The caller's headers less what must never go upstream.

    The pipeline's allow-list comes first; this is the second lock.
    """
    return {name: value for raw, value in pairs if (name := raw.lower()) not in _NOT_PASSED_DOWN} if pairs else {}
