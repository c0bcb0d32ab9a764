"""Holders whose period is over, some at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, null, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.tables import Budget, Key, Member, ModelSpend, Team, User

_FREE = {"skip_locked": True, "key_share": True}
"""Who is being charged at this moment begins its period by that."""


async def shared_that_end(session: AsyncSession, now: datetime, most: int) -> Sequence[Budget]:
    """Shared budgets; those without a duration never begin anew."""
    ended = select(Budget).where(Budget.budget_reset_at <= now, Budget.budget_duration.is_not(None))
    return (await session.scalars(ended.order_by(Budget.id).limit(most).with_for_update(skip_locked=True))).all()


async def mark_sharing(session: AsyncSession, budget: Budget) -> None:
    """Who shares it is told by its own row when its period ended, before the budget's own says something else."""
    keys = update(Key).where(Key.budget_id == budget.id, Key.budget_duration.is_(None))
    members = update(Member).where(Member.budget_id == budget.id)
    for table, sharing in ((Key, keys), (Member, members)):
        unmarked = sharing.where(table.budget_reset_at.is_(None))
        await session.execute(unmarked.values(budget_reset_at=budget.budget_reset_at))


async def that_end(session: AsyncSession, now: datetime, most: int) -> list[tuple[Any, Budget | None]]:
    """Keys, users, teams and members, with the budgets that they share: so many of each."""
    found: list[tuple[Any, Budget | None]] = []
    for table in (Team, User, Key, Member):
        rows = await session.execute(
            _with_budget(table).where(table.budget_reset_at <= now).limit(most).with_for_update(of=table, **_FREE)
        )
        found += [(row, shared) for row, shared in rows]
    return found


async def models_that_end(
    session: AsyncSession, now: datetime, most: int
) -> list[tuple[ModelSpend, Key, Budget | None]]:
    rows = await session.execute(
        select(ModelSpend, Key, Budget)
        .join(Key, Key.hash == ModelSpend.key_hash)
        .outerjoin(Budget, Budget.id == Key.budget_id)
        .where(ModelSpend.budget_reset_at <= now)
        .limit(most)
        .with_for_update(of=ModelSpend, skip_locked=True)
    )
    return [(spent, key, shared) for spent, key, shared in rows]


def _with_budget(table: type[Team | User | Key | Member]) -> Select[Any, Any]:
    if table is Key:
        return select(Key, Budget).outerjoin(Budget, Budget.id == Key.budget_id)
    if table is Member:
        return select(Member, Budget).outerjoin(Budget, Budget.id == Member.budget_id)
    return select(table, null())
