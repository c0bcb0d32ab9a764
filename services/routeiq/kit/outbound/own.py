"""What the names of our own services lead to, so that no other name and no literal address leads there.

Open where DNS is silent, by decision: a name of ours that is not in DNS (a service that is switched off, a release that
is being made) must not end calls to others at its port, and without DNS nobody learns a new address for it either. So
what DNS said last goes on counting, and what it never knew denies by name alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog

from routeiq.kit.outbound.addresses import IPAddress, forms
from routeiq.kit.outbound.policy import OutboundRefused

log = structlog.get_logger()

Addresses = tuple[IPAddress, ...]


class OwnAddresses:
    """Args: resolve: looks up and remembers; raises OutboundRefused where there is no answer.

    pause_s: how long a name is left alone after that, so that a silent DNS is not waited for at every call.
    """

    def __init__(
        self, resolve: Callable[[str], Awaitable[Addresses]], pause_s: float, clock: Callable[[], float]
    ) -> None:
        self._resolve = resolve
        self._pause_s = pause_s
        self._clock = clock
        self._last: dict[str, Addresses] = {}
        self._paused: dict[str, float] = {}

    async def of(self, names: Iterable[str]) -> Addresses:
        """Every form of every address that they have, as far as it is known."""
        found = await asyncio.gather(*map(self._of, names))
        return tuple(form for addresses in found for address in addresses for form in forms(address))

    async def _of(self, name: str) -> Addresses:
        if self._paused.get(name, self._clock()) > self._clock():
            return self._last.get(name, ())
        try:
            self._last[name] = await self._resolve(name)
            self._paused.pop(name, None)
        except OutboundRefused:
            if name not in self._paused:  # once, until it is found again
                log.warning("outbound.own_service_unresolved", name=name, known=name in self._last)
            self._paused[name] = self._clock() + self._pause_s
        return self._last.get(name, ())
