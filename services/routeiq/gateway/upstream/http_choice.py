"""Which HTTP client serves a call: the one its deployment names, but aiohttp wherever the environment names a proxy.

Our own client speaks to upstreams only; proxies, and whatever else an odd upstream needs, are aiohttp's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from routeiq.config.http_client_kind import HTTPClientKind
from routeiq.gateway.upstream.http import HTTPClient, PromptClient, ProxyOf
from routeiq.gateway.upstream.http_exchange import Exchange
from routeiq.gateway.upstream.provider import UpstreamResponse
from routeiq.gateway.upstream.requests import HTTPRequest

_AIOHTTP: Final = str(HTTPClientKind.AIOHTTP)


class HTTPChoice:
    """An `HTTPClient` of two. Owns both and closes them.

    Args: make_aiohttp: called at the first request that needs it, in a thread: importing aiohttp takes a while.
    """

    def __init__(self, pool: PromptClient, make_aiohttp: Callable[[], HTTPClient], proxy_of: ProxyOf) -> None:
        self._pool = pool
        self._make_aiohttp = make_aiohttp
        self._aiohttp: HTTPClient | None = None
        self._proxy_of = proxy_of

    def send(self, request: HTTPRequest) -> Coroutine[Any, Any, UpstreamResponse]:
        """As `HTTPClient.send`."""
        if request.client == _AIOHTTP or self._proxy_of(request.url) is not None:
            return self._by_aiohttp(request)
        return self._pool.send(request)

    def begin(self, request: HTTPRequest) -> Exchange | None:
        """As `PooledClient.begin`."""
        if request.client == _AIOHTTP or self._proxy_of(request.url) is not None:
            return None
        return self._pool.begin(request)

    def response(self, exchange: Exchange, request: HTTPRequest) -> UpstreamResponse:
        """As `PooledClient.response`."""
        return self._pool.response(exchange, request)

    async def _by_aiohttp(self, request: HTTPRequest) -> UpstreamResponse:
        return await (self._aiohttp or await self._with_aiohttp()).send(request)

    async def close(self) -> None:
        await self._pool.close()
        if self._aiohttp is not None:
            await self._aiohttp.close()

    async def _with_aiohttp(self) -> HTTPClient:
        """Requests that come together make one each and keep the first: none has opened anything before it sends."""
        made = await asyncio.to_thread(self._make_aiohttp)
        if self._aiohttp is None:
            self._aiohttp = made
        return self._aiohttp
