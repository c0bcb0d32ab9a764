"""Rows of shared budgets."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.tables import Budget, Key, Member


async def locked_budget(session: AsyncSession, budget_id: str) -> Budget | None:
    """To be changed: nobody else changes it before this transaction ends."""
    return await session.get(Budget, budget_id, with_for_update=True)


async def budgets_of(session: AsyncSession, ids: Collection[str]) -> Sequence[Budget]:
    """Those of them that exist, by id."""
    return (await session.scalars(select(Budget).where(Budget.id.in_(ids)).order_by(Budget.id))).all()


async def all_budgets(session: AsyncSession, most: int) -> Sequence[Budget]:
    """The newest first."""
    return (await session.scalars(select(Budget).order_by(Budget.created_at.desc(), Budget.id).limit(most))).all()


async def part_with_budget(session: AsyncSession, budget: Budget) -> None:
    """Delete it. Keys and members who had it go on without."""
    await session.execute(update(Key).where(Key.budget_id == budget.id).values(budget_id=None))
    await session.execute(update(Member).where(Member.budget_id == budget.id).values(budget_id=None))
    await session.delete(budget)
    await session.flush()
