"""Which HTTP client serves a call: the one its deployment names, but aiohttp wherever the environment names a proxy.

Our own client speaks to upstreams only; proxies, and whatever else an odd upstream needs, are aiohttp's.
"""

from __future__ import annotations

from routeiq.config.state import HTTPClientKind
from routeiq.gateway.upstream.http import HTTPClient, HTTPRequest, ProxyOf
from routeiq.gateway.upstream.provider import UpstreamResponse


class HTTPChoice:
    """An `HTTPClient` of two. Owns both and closes them."""

    def __init__(self, pool: HTTPClient, aiohttp: HTTPClient, proxy_of: ProxyOf) -> None:
        self._pool = pool
        self._aiohttp = aiohttp
        self._proxy_of = proxy_of

    async def send(self, request: HTTPRequest) -> UpstreamResponse:
        """As `HTTPClient.send`."""
        if request.client == HTTPClientKind.AIOHTTP or self._proxy_of(request.url) is not None:
            return await self._aiohttp.send(request)
        return await self._pool.send(request)

    async def close(self) -> None:
        await self._pool.close()
        await self._aiohttp.close()
