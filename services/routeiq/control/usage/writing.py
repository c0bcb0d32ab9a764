"""The ledger's writing side, as parts of control that run beside its requests: intake, where there is NATS, and
housekeeping."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from routeiq.control.usage.housekeeping import Housekeeping
from routeiq.control.usage.intake import Intake
from routeiq.control.usage.intake_counts import IntakeCounts
from routeiq.control.usage.ledger import Ledger, Spend
from routeiq.kit.bus import Bus
from routeiq.kit.bus_consumer import BusConsumer
from routeiq.kit.clock import Clock
from routeiq.kit.db import Database

STREAM, SUBJECTS, CONSUMER = "ROUTEIQ_USAGE", ("routeiq.usage.>",), "control"


class Writing:
    """Args: keep_days: of records; 0: for ever."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        spend: Spend,
        clock: Clock,
        keep_days: int,
        registry: CollectorRegistry,
    ) -> None:
        self._source = BusConsumer(bus, STREAM, SUBJECTS, CONSUMER)
        self._intake = Intake(self._source, Ledger(database, spend, clock), IntakeCounts(registry, clock))
        self._housekeeping = Housekeeping(database, clock, keep_days)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Inside. What was taken and not written by its end comes again."""
        tasks = [
            asyncio.create_task(self._intake.run(), name="usage-intake"),
            asyncio.create_task(self._housekeeping.run(), name="usage-housekeeping"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self._source.close()
