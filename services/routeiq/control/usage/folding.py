"""Fold the sums of days that are over, so that many days are read as fast as few. One replica at a time does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store import usage_folds
from routeiq.control.store.alone import FOLDS, alone
from routeiq.kit.clock import Clock
from routeiq.kit.db import Database
from routeiq.kit.jobs import repeat

log = structlog.get_logger()

EVERY_S = 900.0
_PATIENT = text("SET LOCAL statement_timeout TO 0")

Fold = Callable[[AsyncSession, date], Awaitable[None]]


class Folding:
    """Of one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def run(self) -> None:
        """Until it is cancelled."""
        await repeat(self.fold, EVERY_S, "usage.unfolded")

    async def fold(self) -> int:
        """All that is over and not folded, the newest first, each in a transaction of its own. Returns: how many."""
        async with self._database.reading() as session:
            weeks, days = await usage_folds.unfolded(session, self._clock().astimezone(UTC).date())
        wanted: list[tuple[Fold, date]] = [(usage_folds.fold_week, week) for week in weeks]
        wanted += [(usage_folds.fold_day, day) for day in days]
        for fold, first in sorted(wanted, key=lambda one: one[1], reverse=True):
            if not await self._fold(fold, first):
                return 0
        if wanted:
            log.info("usage.folded", weeks=len(weeks), days=len(days))
        return len(wanted)

    async def _fold(self, fold: Fold, first: date) -> bool:
        """False: another replica is at it."""
        async with self._database.transaction() as session:
            if not await alone(session, FOLDS):
                return False
            if self._database.kind == "postgres":
                await session.execute(_PATIENT)
            await fold(session, first)
        return True
