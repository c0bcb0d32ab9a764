"""Set back what keys and teams have spent: a new period begins for each that spent anything."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.tables import Key, ModelSpend, Team


async def forget_spending(session: AsyncSession) -> tuple[list[str], list[str]]:
    """Hashes of the keys and ids of the teams that had spent something. Who spends meanwhile waits, or comes first."""
    keys = list(await session.scalars(_zeroed(Key).returning(Key.hash)))
    await session.execute(_zeroed(ModelSpend))
    return keys, list(await session.scalars(_zeroed(Team).returning(Team.id)))


def _zeroed(table: Any) -> Any:
    spent = update(table).where(table.spend_nano_usd != 0)
    fresh = {"spend_nano_usd": 0, "budget_period": table.budget_period + 1}
    return spent.values(fresh).execution_options(synchronize_session=False)
