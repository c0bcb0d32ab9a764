"""aiohttp under the outbound policy: a resolver that pins, and a middleware for what no resolver sees.

aiohttp asks no resolver for a host that is an address, so the URL is checked at every request as well. Redirects are
refused: the next address is the other side's word.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

from routeiq.kit.errors import RouteIQError
from routeiq.kit.outbound.guard import OutboundGuard
from routeiq.kit.outbound.policy import OutboundRefused

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class PinnedResolver(AbstractResolver):
    """Answers with checked addresses only, so that the connection goes where the check looked."""

    def __init__(self, guard: OutboundGuard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises: OSError: refused or unresolved; aiohttp makes a ClientConnectorDNSError of it."""
        try:
            addresses = await self._guard.resolve(host, port)
        except RouteIQError as refused:
            raise OSError(refused.message) from refused
        results = [_result(host, str(one), port, isinstance(one, IPv4Address)) for one in addresses]
        return [one for one in results if family in (socket.AF_UNSPEC, one["family"])]

    async def close(self) -> None:
        """Nothing is open."""


def connector(guard: OutboundGuard, *, limit: int = 100) -> TCPConnector:
    """A connector whose every connection was checked. The guard remembers answers, so aiohttp need not."""
    return TCPConnector(resolver=PinnedResolver(guard), use_dns_cache=False, limit=limit)


class GuardMiddleware:
    """For `ClientSession(middlewares=(GuardMiddleware(guard),), connector=connector(guard))`.

    Raises, from the request: InvalidURL; OutboundRefused, also for an answer that is a redirect.
    """

    def __init__(self, guard: OutboundGuard) -> None:
        self._guard = guard

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        await self._guard.authorize(str(request.url))
        response = await handler(request)
        if response.status in _REDIRECTS:
            response.close()
            raise OutboundRefused("the URL answers with a redirect, which is not followed")
        return response


def _result(host: str, address: str, port: int, is_v4: bool) -> ResolveResult:
    family = socket.AF_INET if is_v4 else socket.AF_INET6
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
