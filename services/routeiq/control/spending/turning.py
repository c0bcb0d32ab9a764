"""Begin periods whose time has come also of those whom nobody asks for, once a minute: so that `/key/info` and lists
say what is so.

Nothing depends on it. Whoever charges a holder, or tells a gateway of one, reckons with the period that holds the
moment, begun or not; and gateways ask again by themselves when a period ends, so that they need not be told: at
midnight that would have them forget every caller at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.budgets.calendar import Calendar
from routeiq.control.keys.effective import effective
from routeiq.control.keys.model_budgets import model_budgets
from routeiq.control.store import turning as store
from routeiq.control.store.alone import PERIODS, alone
from routeiq.control.store.periods import Schedule, begin, schedule_of
from routeiq.kit.clock import Clock
from routeiq.kit.db import Database
from routeiq.kit.jobs import repeat

log = structlog.get_logger()

EVERY_S = 60.0
AT_ONCE = 500
"""Of each kind, in one transaction."""


class Turning:
    """The job, in every replica; one at a time does it."""

    def __init__(self, database: Database, clock: Clock, calendar: Calendar, *, at_once: int = AT_ONCE) -> None:
        self._database, self._clock, self._calendar, self._at_once = database, clock, calendar, at_once

    async def run(self) -> None:
        """Until it is cancelled."""
        await repeat(self.turn, EVERY_S, "periods.not_begun")

    async def turn(self) -> int:
        """All that are over by now. How many."""
        begun, now = 0, self._clock()
        for step in (self._shared, self._holders, self._models):
            while some := await self._step(step, now):
                begun += some
        if begun:
            log.info("periods.begun", count=begun)
        return begun

    async def _step(self, step: Callable[[AsyncSession, datetime], Awaitable[int]], now: datetime) -> int:
        async with self._database.transaction() as session:
            return await step(session, now) if await alone(session, PERIODS) else 0

    async def _shared(self, session: AsyncSession, now: datetime) -> int:
        some = await store.shared_that_end(session, now, self._at_once)
        for budget in some:
            await store.mark_sharing(session, budget)
            assert budget.budget_reset_at is not None, "it is over"
            assert budget.budget_duration is not None, "as above"
            _, budget.budget_reset_at = self._calendar.turned(budget.budget_duration, budget.budget_reset_at, now)
        return len(some)

    async def _holders(self, session: AsyncSession, now: datetime) -> int:
        some = await store.that_end(session, now, self._at_once)
        for row, shared in some:
            if not begin(row, schedule_of(row, shared), now, self._calendar):
                row.budget_reset_at = None  # what it shared is gone, or never ends any more
        return len(some)

    async def _models(self, session: AsyncSession, now: datetime) -> int:
        some = await store.models_that_end(session, now, self._at_once)
        for row, key, shared in some:
            budget = model_budgets(effective(key, shared, now).by_model).get(row.model)
            if not begin(row, Schedule(budget.duration if budget else None), now, self._calendar):
                row.budget_reset_at = None
        return len(some)
