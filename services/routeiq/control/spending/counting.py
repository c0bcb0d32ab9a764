"""The door for the ledger: count charges, and note who is to hear of them, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.budgets.calendar import Calendar
from routeiq.control.spending.alerts import note
from routeiq.control.spending.charging import Charge, spend


class Counting:
    """Args: destinations: of alerts, by name."""

    def __init__(self, calendar: Calendar, destinations: Collection[str] = ()) -> None:
        self._calendar, self._destinations = calendar, destinations

    async def __call__(self, session: AsyncSession, charges: Iterable[Charge], now: datetime) -> None:
        await note(session, await spend(session, charges, now, self._calendar), now, self._destinations)
