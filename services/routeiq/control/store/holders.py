"""Who holds keys, as far as a key's own matters need it: users, teams, members. Their own subjects write them."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.tables import Budget, Key, Member, Team, User

_KEPT = {"read": True, "key_share": True}
"""A lock that stands in nobody's way but of who deletes the row, or has it `with_for_update`."""


class KeyAndUser(NamedTuple):
    key: Key | None
    budget: Budget | None
    user: User | None


async def key_and_user(session: AsyncSession, key_hash: str, user_id: str) -> KeyAndUser:
    """The key that asks, and the user it says it belongs to."""
    one = select(literal(1).label("one")).subquery()
    statement = (
        select(Key, Budget, User)
        .select_from(one)
        .outerjoin(Key, Key.hash == key_hash)
        .outerjoin(Budget, Budget.id == Key.budget_id)
        .outerjoin(User, User.id == user_id)
    )
    return KeyAndUser(*(await session.execute(statement)).one())


async def teams_of(session: AsyncSession, user_id: str) -> dict[str, str]:
    """The user's role by team."""
    rows = await session.execute(select(Member.team_id, Member.role).where(Member.user_id == user_id))
    return {row.team_id: row.role for row in rows}


async def team(session: AsyncSession, team_id: str) -> Team | None:
    return await session.get(Team, team_id)


async def kept_team(session: AsyncSession, team_id: str) -> Team | None:
    """Nobody deletes it, nor lets a member go, before this transaction ends. Its user is kept after it."""
    return await session.get(Team, team_id, with_for_update=_KEPT, populate_existing=True)


async def kept_user(session: AsyncSession, user_id: str) -> User | None:
    """Nobody deletes it before this transaction ends."""
    return await session.get(User, user_id, with_for_update=_KEPT, populate_existing=True)


async def is_member(session: AsyncSession, team_id: str, user_id: str) -> bool:
    return await session.get(Member, (team_id, user_id)) is not None


async def users(session: AsyncSession, ids: set[str]) -> dict[str, User]:
    return {user.id: user for user in await session.scalars(select(User).where(User.id.in_(ids)))} if ids else {}


async def budget_exists(session: AsyncSession, budget_id: str) -> bool:
    return await session.get(Budget, budget_id) is not None


async def budgets(session: AsyncSession, ids: set[str]) -> dict[str, Budget]:
    if not ids:
        return {}
    return {budget.id: budget for budget in await session.scalars(select(Budget).where(Budget.id.in_(ids)))}
