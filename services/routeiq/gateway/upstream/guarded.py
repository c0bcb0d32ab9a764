"""The outbound policy around every call to a provider: aiohttp under it, and the check for who brings an own client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import NamedTuple

from routeiq.gateway.upstream.http import Authorize, HTTPClient
from routeiq.gateway.upstream.http_aiohttp import AiohttpClient
from routeiq.kit.outbound import Origin, OutboundGuard, OutboundPolicy
from routeiq.kit.outbound.aiohttp_transport import PinnedResolver


class Outbound(NamedTuple):
    """How the gateway reaches providers. `authorize` resolves and checks a URL, for an SDK that connects by itself."""

    http: HTTPClient
    authorize: Authorize


def guarded(policy: OutboundPolicy, own: Iterable[str]) -> Outbound:
    """Calls the document's URLs, which may be private or loopback, but never metadata addresses nor `own`.

    Args: own: `host:port` of our own services. Names are left to the network's policy: their addresses change.
    """
    guard = OutboundGuard(policy.with_own_services(_literal(own)), Origin.DOCUMENT)
    return Outbound(AiohttpClient(resolver=PinnedResolver(guard), check_url=guard.check_url), guard.authorize)


def _literal(addresses: Iterable[str]) -> Iterator[tuple[str, int]]:
    for address in addresses:
        host, _, port = address.rpartition(":")
        try:
            yield str(ip_address(host.strip("[]"))), int(port)
        except ValueError:
            continue
