"""Which HTTP client serves a call: the one its deployment names, but aiohttp wherever the environment names a proxy.

Our own client speaks to upstreams only; proxies, and whatever else an odd upstream needs, are aiohttp's.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from routeiq.config.state import HTTPClientKind
from routeiq.gateway.upstream.http import HTTPClient, HTTPRequest, ProxyOf
from routeiq.gateway.upstream.provider import UpstreamResponse

_AIOHTTP = str(HTTPClientKind.AIOHTTP)


class HTTPChoice:
    """An `HTTPClient` of two. Owns both and closes them."""

    def __init__(self, pool: HTTPClient, aiohttp: HTTPClient, proxy_of: ProxyOf) -> None:
        self._pool = pool
        self._aiohttp = aiohttp
        self._proxy_of = proxy_of

    def send(self, request: HTTPRequest) -> Coroutine[Any, Any, UpstreamResponse]:
        """As `HTTPClient.send`."""
        if request.client == _AIOHTTP or self._proxy_of(request.url) is not None:
            return self._aiohttp.send(request)
        return self._pool.send(request)

    async def close(self) -> None:
        await self._pool.close()
        await self._aiohttp.close()
