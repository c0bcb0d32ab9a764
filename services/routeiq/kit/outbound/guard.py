"""Resolve names under the policy: every answer is checked, and what was checked is what gets called. Where one of our
own services has a name at the port that is called, what that name leads to is denied, too.

Answers are kept for a short time, so that a check and the connection after it see the same ones. One loop, one guard.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from routeiq.kit.outbound.addresses import IPAddress, leads_to, plain
from routeiq.kit.outbound.hosts import Target, canonical_host
from routeiq.kit.outbound.own import OwnAddresses
from routeiq.kit.outbound.policy import NEVER, Origin, OutboundPolicy, OutboundRefused

Addresses = tuple[IPAddress, ...]
Lookup = Callable[[str], Awaitable[Addresses]]
"""Asks DNS for a name. Raises: OSError."""


class NameUnresolved(OutboundRefused):
    """DNS knows no address, or did not answer in time."""

    code = "name_unresolved"


@dataclass(frozen=True, slots=True)
class Route:
    """Where to connect: to one of `addresses`, with `target.host` as the name for TLS and the Host header."""

    target: Target
    addresses: Addresses


class OutboundGuard:
    """The policy for URLs of one origin, with DNS."""

    def __init__(
        self,
        policy: OutboundPolicy,
        origin: Origin,
        *,
        lookup: Lookup | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._origin = origin
        self._lookup = lookup or system_lookup
        self._clock = clock
        self._answers: OrderedDict[str, tuple[float, Addresses]] = OrderedDict()
        self._own = OwnAddresses(self._addresses, policy.dns_timeout_s, clock)

    def check_url(self, url: str) -> Target:
        """Without DNS; catches schemes, userinfo and literal addresses. Raises: InvalidURL, OutboundRefused."""
        return self._policy.check_url(url, self._origin)

    async def authorize(self, url: str) -> Route:
        """With DNS. One forbidden answer refuses the name. Raises: InvalidURL, OutboundRefused, NameUnresolved."""
        target = self.check_url(url)
        addresses = await self._addresses(target.host)
        for address in addresses:
            self._policy.check_address(target, address, self._origin)
        await self._refuse_own(target.port, addresses)
        return Route(target, addresses)

    async def check_literal(self, url: str) -> Target:
        """`check_url`, and of a host that is an address all of `authorize`: what a resolver is never asked for.

        Raises: InvalidURL, OutboundRefused."""
        target = self.check_url(url)
        if not isinstance(target.host, str):
            await self._refuse_own(target.port, (target.host,))
        return target

    async def resolve(self, host: str, port: int) -> Addresses:
        """For resolvers, which know no URL. Raises: as `authorize`."""
        addresses = await self._addresses(canonical_host(host))
        for address in addresses:
            self._policy.check_host(host, port, address, self._origin)
        await self._refuse_own(port, addresses)
        return addresses

    async def _refuse_own(self, port: int, addresses: Addresses) -> None:
        """Asks DNS, or its memory, only where a service of ours has a name at that port."""
        names = self._policy.own_names(port)
        if not names:
            return
        own = await self._own.of(names)
        if any(leads_to(address, own) for address in addresses):
            raise OutboundRefused(NEVER)

    async def _addresses(self, host: IPAddress | str) -> Addresses:
        if not isinstance(host, str):
            return (host,)
        kept = self._answers.get(host)
        if kept is not None and kept[0] > self._clock():
            self._answers.move_to_end(host)
            return kept[1]
        answers = await self._ask(host)
        self._keep(host, answers)
        return answers

    async def _ask(self, host: str) -> Addresses:
        try:
            async with asyncio.timeout(self._policy.dns_timeout_s):
                answers = await self._lookup(host)
        except (OSError, UnicodeError):  # asyncio.timeout raises TimeoutError, an OSError
            answers = ()
        if not answers:
            raise NameUnresolved("the URL has a host name that cannot be resolved")
        return answers

    def _keep(self, host: str, answers: Addresses) -> None:
        if self._policy.dns_cache_size == 0:
            return
        self._answers[host] = (self._clock() + self._policy.dns_cache_ttl_s, answers)
        self._answers.move_to_end(host)
        while len(self._answers) > self._policy.dns_cache_size:
            self._answers.popitem(last=False)


async def system_lookup(name: str) -> Addresses:
    """The machine's resolver, in a thread of the loop's pool. Raises: OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(plain(str(entry[4][0])) for entry in found))
