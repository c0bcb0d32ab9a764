"""Say what one replica serves: at once when that changes, and again and again, so that others see that it lives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, NoReturn

import structlog

from routeiq import __version__
from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.clients.fleet_buckets import Roster
from routeiq.clients.fleet_names import REPORT_EVERY_S, replica_key
from routeiq.kit.bus import BusUnavailable

log = structlog.get_logger()

RETRY_S = 1.0
LEAVE_S = 1.0
MOST_ERROR = 4000
"""Characters of what went wrong; the log has the rest."""

Figures = Callable[[], tuple[int, int]]
"""What was served in the last seconds: requests, and those of them that failed by no fault of the caller's."""


class Serving(NamedTuple):
    """What a replica itself says that it serves."""

    config_version: str = ""
    artifact: str = ""


class FleetReport:
    """Of one replica. Args: serving: asked for each report; None: what the applied release names."""

    def __init__(
        self, roster: Roster, service: str, replica: str, figures: Figures, serving: Callable[[], Serving] | None
    ) -> None:
        self.key = replica_key(service, replica)
        self._roster, self._figures, self._serving = roster, figures, serving
        service, _, replica = self.key.partition(".")
        self._said = pb.Replica(service=service, replica=replica, version=__version__)
        self._news = asyncio.Event()
        self._heard = True

    def say(self, wish: int, applied: pb.Release, error: str) -> None:
        """A wish was dealt with; `applied` is what serves now."""
        self._said.wish, self._said.applied, self._said.error = wish, applied.number, error[:MOST_ERROR]
        self._said.config_version, self._said.artifact = applied.config_version, applied.artifact
        self._news.set()

    async def run(self) -> NoReturn:
        """Until it is cancelled; then others are told that it leaves, if that can be done at once."""
        try:
            while True:
                self._news.clear()
                every_s = REPORT_EVERY_S if await self._put() else RETRY_S
                with suppress(TimeoutError):
                    async with asyncio.timeout(every_s):
                        await self._news.wait()
        finally:
            await self._leave()

    async def _put(self) -> bool:
        self._said.requests, self._said.failures = self._figures()
        if self._serving is not None:
            self._said.config_version, self._said.artifact = self._serving()
        self._said.at_ms = time.time_ns() // 1_000_000
        try:
            await self._roster.put(self.key, self._said.SerializeToString())
        except BusUnavailable:
            if self._heard:
                log.info("fleet.unheard", replica=self.key)
            self._heard = False
        else:
            self._heard = True
        return self._heard

    async def _leave(self) -> None:
        with suppress(BusUnavailable, TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                await self._roster.delete(self.key)
