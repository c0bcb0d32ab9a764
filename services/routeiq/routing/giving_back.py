"""See to it that who serves an artifact of the fleet is not the last who has it.

A server of NATS that lost its disk has lost the artifacts too, and who starts then would find none. So what is served
and was fetched is looked for after each connection, and now and then, and put back where it lacks."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn, Protocol

import structlog

from routeiq.kit.errors import RouteIQError

log = structlog.get_logger()

EVERY_S = 60.0
SPREAD_S = 2.0
"""Services that connect at the same moment do not all begin to send: who comes later finds it there."""


class Connections(Protocol):
    """`kit.bus.Bus`."""

    def on_connected(self, listener: Callable[[], None]) -> Callable[[], None]: ...


class Supply(Protocol):
    """`supply.Supply`."""

    async def give_back(self, artifact_id: str) -> None:
        """If it was fetched and the store has it not."""
        ...


class GivingBack:
    """For one event loop. Args: served: the id of what is served; empty: nothing is yet.  every_s: between two looks
    where no connection comes in between.  chance: a number from 0 to 1."""

    def __init__(
        self, served: Callable[[], str], supply: Supply, bus: Connections, *,
        every_s: float = EVERY_S, chance: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        self._served, self._supply, self._bus = served, supply, bus
        self._every_s, self._chance = every_s, chance

    async def run(self) -> NoReturn:
        """Until it is cancelled."""
        connected = asyncio.Event()
        forget = self._bus.on_connected(connected.set)
        try:
            while True:
                connected.clear()
                await asyncio.sleep(SPREAD_S * self._chance())
                await self._look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._every_s):
                        await connected.wait()
        finally:
            forget()

    async def _look(self) -> None:
        if served := self._served():
            try:
                await self._supply.give_back(served)
            except RouteIQError as error:
                log.info("artifact.not_given_back", artifact_id=served, reason=error.message)
