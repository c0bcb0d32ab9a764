"""Every implementation of `HTTPClient`, made alike, and calls to an adversary."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from routeiq.gateway.upstream.http import HTTPClient
from routeiq.gateway.upstream.http_aiohttp import AiohttpClient
from routeiq.gateway.upstream.http_pool import PooledClient
from routeiq.gateway.upstream.requests import HTTPRequest
from routeiq.kit.outbound import OutboundGuard
from routeiq.kit.outbound.aiohttp_transport import PinnedResolver
from tests.support.adversary import Adversary, Pause
from tests.support.waiting import PATIENCE_S

HELLO = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
HALF = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello"
LATE = (Pause(0.05), HELLO)
KINDS = ("pool", "aiohttp")
MakeClient = Callable[..., HTTPClient]


def make_client(
    kind: str,
    *,
    guard: OutboundGuard | None = None,
    tls: ssl.SSLContext | None = None,
    connect_timeout_s: float = PATIENCE_S,
    max_connections: int = 1000,
    max_body_bytes: int = 1024 * 1024,
) -> HTTPClient:
    """One of KINDS, with limits that tests can reach."""
    if kind == "pool":
        return PooledClient(
            guard=guard,
            tls=tls,
            connect_timeout_s=connect_timeout_s,
            max_connections=max_connections,
            max_body_bytes=max_body_bytes,
        )
    return AiohttpClient(
        resolver=PinnedResolver(guard) if guard else None,
        check_url=guard.check_literal if guard else None,
        tls=tls,
        connect_timeout_s=connect_timeout_s,
        max_connections=max_connections,
        max_body_bytes=max_body_bytes,
    )


def call(upstream: Adversary, timeout_s: float = PATIENCE_S) -> HTTPRequest:
    """A short request."""
    return HTTPRequest(upstream.url, {}, b"{}", "group", timeout_s)


async def ask(client: HTTPClient, upstream: Adversary, timeout_s: float = PATIENCE_S) -> bytes:
    """The whole answer to it."""
    return await (await client.send(call(upstream, timeout_s))).read()


async def ask_all(client: HTTPClient, *upstreams: Adversary) -> list[bytes]:
    """All at once."""
    return await asyncio.gather(*[ask(client, one) for one in upstreams])
