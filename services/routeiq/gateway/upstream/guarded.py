"""The outbound policy around every call to a provider: our clients under it, the check for who brings his own."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from functools import lru_cache
from typing import NamedTuple

from routeiq.gateway.upstream.http import Authorize, HTTPClient, ProxyOf
from routeiq.gateway.upstream.http_by_origin import HTTPByOrigin
from routeiq.gateway.upstream.http_choice import HTTPChoice
from routeiq.gateway.upstream.http_pool import PooledClient
from routeiq.kit.outbound import Origin, OutboundGuard, OutboundPolicy, servers_at
from routeiq.kit.outbound.guard import Lookup

_REMEMBERED_URLS = 1024


class Outbound(NamedTuple):
    """How the gateway reaches providers. `authorize` resolves and checks a URL, for an SDK that connects by itself."""

    http: HTTPClient
    authorize: Authorize


def guarded(policy: OutboundPolicy, own: Iterable[str], lookup: Lookup | None = None) -> Outbound:
    """Calls the document's URLs, which may be private or loopback, and those that were added by API, which may be only
    where `policy` lists them; never metadata addresses nor `own`.

    Args: own: `host:port` of our own services, by name or by address.
    lookup: asks DNS; None: the system's.
    """
    policy = policy.with_own_services(servers_at(own))
    origins = (Origin.DOCUMENT, Origin.OPERATOR)
    guards = {origin: OutboundGuard(policy, origin, lookup=lookup) for origin in origins}
    proxy_of = lru_cache(maxsize=_REMEMBERED_URLS)(policy.proxies.of)

    def authorize(url: str, origin: Origin) -> Awaitable[object]:
        return guards[origin].authorize(url)

    return Outbound(HTTPByOrigin({one: _client(guard, proxy_of) for one, guard in guards.items()}), authorize)


def _client(guard: OutboundGuard, proxy_of: ProxyOf) -> HTTPChoice:
    return HTTPChoice(PooledClient(guard=guard), lambda: _aiohttp(guard, proxy_of), proxy_of)


def _aiohttp(guard: OutboundGuard, proxy_of: ProxyOf) -> HTTPClient:
    from routeiq.gateway.upstream.http_aiohttp import AiohttpClient  # noqa: PLC0415  # 8 MB, for who has a proxy
    from routeiq.kit.outbound.aiohttp_transport import PinnedResolver  # noqa: PLC0415  # the same

    return AiohttpClient(resolver=PinnedResolver(guard), check_url=guard.check_literal, proxy_of=proxy_of)
