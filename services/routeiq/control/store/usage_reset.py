"""Set back what keys and teams have spent: a new period begins for each that spent anything."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.tables import Key, ModelSpend, Team


async def forget_spending(session: AsyncSession, period: int) -> tuple[list[str], list[str]]:
    """Hashes of the keys and ids of the teams that had spent something. Who spends meanwhile waits, or comes first:
    rows are locked as by whoever charges them, teams, keys, models, each by their ids.

    Args: period: the least number of those that begin now."""
    teams = list(await session.scalars(_zeroed(Team, period, Team.id).returning(Team.id)))
    keys = list(await session.scalars(_zeroed(Key, period, Key.hash).returning(Key.hash)))
    await session.execute(_zeroed(ModelSpend, period, ModelSpend.key_hash, ModelSpend.model))
    return keys, teams


def _zeroed(table: Any, period: int, *key: Any) -> Any:
    spent = select(*key).where(table.spend_nano_usd != 0).order_by(*key).with_for_update(key_share=True)
    following = table.budget_period + 1
    fresh = {"spend_nano_usd": 0, "budget_period": case((following > period, following), else_=period)}
    named = tuple_(*key).in_(spent)
    return update(table).where(named).values(fresh).execution_options(synchronize_session=False)
