"""The HTTP client that the gateway uses: aiohttp under the outbound policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from routeiq.gateway.upstream.http_aiohttp import AiohttpClient
from routeiq.kit.outbound import Origin, OutboundGuard, OutboundPolicy
from routeiq.kit.outbound.aiohttp_transport import PinnedResolver


def guarded_client(policy: OutboundPolicy, own: Iterable[str]) -> AiohttpClient:
    """Calls the document's URLs, which may be private or loopback, but never metadata addresses nor `own`.

    Args: own: `host:port` of our own services. Names are left to the network's policy: their addresses change.
    """
    guard = OutboundGuard(policy.with_own_services(_literal(own)), Origin.DOCUMENT)
    return AiohttpClient(resolver=PinnedResolver(guard), check_url=guard.check_url)


def _literal(addresses: Iterable[str]) -> Iterator[tuple[str, int]]:
    for address in addresses:
        host, _, port = address.rpartition(":")
        try:
            yield str(ip_address(host.strip("[]"))), int(port)
        except ValueError:
            continue
