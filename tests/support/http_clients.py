"""Every implementation of `HTTPClient`, made alike."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from routeiq.gateway.upstream.http import HTTPClient
from routeiq.gateway.upstream.http_aiohttp import AiohttpClient
from routeiq.gateway.upstream.http_pool import PooledClient
from routeiq.kit.outbound import OutboundGuard
from routeiq.kit.outbound.aiohttp_transport import PinnedResolver

KINDS = ("pool", "aiohttp")
MakeClient = Callable[..., HTTPClient]


def make_client(
    kind: str,
    *,
    guard: OutboundGuard | None = None,
    tls: ssl.SSLContext | None = None,
    connect_timeout_s: float = 2.0,
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
        check_url=guard.check_url if guard else None,
        tls=tls,
        connect_timeout_s=connect_timeout_s,
        max_connections=max_connections,
        max_body_bytes=max_body_bytes,
    )
