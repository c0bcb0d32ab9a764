"""Which addresses the suite may call on somebody's word: the policy, the URL check, and names resolved once and pinned.

The aiohttp transport stands in `aiohttp_transport`, so that whoever only checks URLs does not import aiohttp.
"""

from __future__ import annotations

from routeiq.kit.outbound.guard import OutboundGuard, Route, system_lookup
from routeiq.kit.outbound.hosts import InvalidURL, Target
from routeiq.kit.outbound.policy import Origin, OutboundPolicy, OutboundRefused
from routeiq.kit.outbound.stores import servers_at

__all__ = [
    "InvalidURL",
    "Origin",
    "OutboundGuard",
    "OutboundPolicy",
    "OutboundRefused",
    "Route",
    "Target",
    "servers_at",
    "system_lookup",
]
