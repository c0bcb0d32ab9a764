"""Rows of shared budgets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.periods import Schedule, Turns, begin
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
    await _release(session, budget.id)
    await session.execute(update(Key).where(Key.budget_id == budget.id).values(budget_id=None))
    await session.execute(update(Member).where(Member.budget_id == budget.id).values(budget_id=None))
    await session.delete(budget)
    await session.flush()


async def reschedule(session: AsyncSession, budget: Budget, now: datetime, calendar: Turns) -> None:
    """Its schedule is about to change: who shares it ends its period with the budget's next, and whose period is over
    begins the one that holds `now`."""
    schedule = Schedule(budget.budget_duration, budget.budget_reset_at)
    over = budget.budget_reset_at is not None and budget.budget_reset_at <= now
    for table, shares in _sharing(budget.id):
        ended = table.budget_reset_at <= now
        due = or_(ended, table.budget_reset_at.is_(None)) if over else ended
        rows: Iterable[Key | Member] = await session.scalars(
            select(table).where(shares, due).with_for_update(key_share=True)
        )
        for row in rows:
            begin(row, schedule, now, calendar)
    await session.flush()
    await _release(session, budget.id)


async def _release(session: AsyncSession, budget_id: str) -> None:
    """Who shares it has no end of a period but the budget's."""
    for table, shares in _sharing(budget_id):
        await session.execute(update(table).where(shares).values(budget_reset_at=None))


def _sharing(budget_id: str) -> tuple[tuple[type[Key] | type[Member], ColumnElement[bool]], ...]:
    """Keys whose schedule is the budget's, and members."""
    return (
        (Key, and_(Key.budget_id == budget_id, Key.budget_duration.is_(None))),
        (Member, Member.budget_id == budget_id),
    )
