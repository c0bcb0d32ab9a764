"""Make partitions for the days to come, and let go of records that are older than they are to be kept.

What they came to by day stays. Of several replicas one does it; a day is dropped as a whole, SQLite deletes in slices.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from math import ceil

import structlog

from routeiq.control.store import usage_partitions
from routeiq.control.store.alone import PARTITIONS, alone
from routeiq.control.store.usage_retention import SLICE, delete_slice
from routeiq.kit.clock import Clock, duration_of
from routeiq.kit.db import Database
from routeiq.kit.jobs import repeat

log = structlog.get_logger()

EVERY_S = 3600.0
AHEAD = 3
"""Days. A record of any other makes its own."""
DAY = timedelta(days=1)


class Housekeeping:
    """Args: keep_days: of records; 0: for ever."""

    def __init__(self, database: Database, clock: Clock, keep_days: int) -> None:
        self._database, self._clock, self._keep_days = database, clock, keep_days

    async def run(self) -> None:
        """Until it is cancelled."""
        await repeat(self.tidy, EVERY_S, "usage.untidied")

    async def tidy(self) -> None:
        """Once. Raises: Unavailable: the rest is done the next time."""
        today = self._clock().astimezone(UTC).date()
        first = today - self._keep_days * DAY if self._keep_days else date.min
        if self._database.kind == "postgres":
            await self._tidy_partitions(today, first)
        elif self._keep_days:
            await self._delete_before(datetime.combine(first, time(), UTC))

    async def _tidy_partitions(self, today: date, first: date) -> None:
        """Each day is dropped by itself: that needs the whole table for a moment, which not everybody gives at once."""
        async with self._database.transaction() as session:
            if not await alone(session, PARTITIONS):
                return
            await usage_partitions.make_days(session, [today + ahead * DAY for ahead in range(AHEAD + 1)])
            past = [day for day in await usage_partitions.days_there(session) if day < first]
        for day in sorted(past):
            async with self._database.transaction() as session:
                await usage_partitions.drop_day(session, day)
            log.info("usage.dropped", day=str(day))

    async def _delete_before(self, moment: datetime) -> None:
        total, deleted = 0, SLICE
        while deleted == SLICE:
            async with self._database.transaction() as session:
                deleted = await delete_slice(session, moment)
            total += deleted
            await asyncio.sleep(0)  # whoever else writes has his turn
        log.info("usage.deleted", records=total)


def days_kept(setting: int | None, document: str | None) -> int:
    """Of records; 0: for ever. Args: document: a duration, as its `maximum_spend_logs_retention_period` has it."""
    if setting is not None or document is None:
        return setting or 0
    return max(ceil(duration_of(document).at_least / DAY), 1)
