"""Set back what keys and teams have spent: a new period begins for each that spent anything."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, update
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.tables import Key, ModelSpend, Team


async def forget_spending(session: AsyncSession, period: int) -> tuple[list[str], list[str]]:
    """Hashes of the keys and ids of the teams that had spent something. Who spends meanwhile waits, or comes first.

    Args: period: the least number of those that begin now."""
    keys = list(await session.scalars(_zeroed(Key, period).returning(Key.hash)))
    await session.execute(_zeroed(ModelSpend, period))
    return keys, list(await session.scalars(_zeroed(Team, period).returning(Team.id)))


def _zeroed(table: Any, period: int) -> Any:
    spent = update(table).where(table.spend_nano_usd != 0)
    following = table.budget_period + 1
    fresh = {"spend_nano_usd": 0, "budget_period": case((following > period, following), else_=period)}
    return spent.values(fresh).execution_options(synchronize_session=False)
