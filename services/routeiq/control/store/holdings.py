"""Keys by whom they belong to, and budgets that nobody has any more."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.tables import Budget, Key, Member


async def keys_held(
    session: AsyncSession,
    *,
    users: Collection[str] | None = None,
    teams: Collection[str] | None = None,
    most: int | None = None,
    lock: bool = False,
) -> Sequence[Key]:
    """Of these users, and in these teams; None: of no matter. The newest first; to be locked, by their hashes."""
    where: list[ColumnElement[bool]] = [Key.user_id.in_(users)] if users is not None else []
    where += [Key.team_id.in_(teams)] if teams is not None else []
    wanted = select(Key).where(*where).limit(most)
    if lock:
        return (await session.scalars(wanted.order_by(Key.hash).with_for_update())).all()
    return (await session.scalars(wanted.order_by(Key.created_at.desc(), Key.hash))).all()


async def forget_budgets(session: AsyncSession, ids: Collection[str]) -> None:
    """Those of them that no key and no member has."""
    held = [exists().where(Key.budget_id == Budget.id), exists().where(Member.budget_id == Budget.id)]
    await session.execute(delete(Budget).where(Budget.id.in_(ids), *(~one for one in held)))
