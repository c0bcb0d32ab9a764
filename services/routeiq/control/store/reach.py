"""What says which models a caller may see: its key, team, user and membership."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import and_, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.tables import Key, Member, Team, User


class Holders(NamedTuple):
    key: Key | None
    team: Team | None
    user: User | None
    member: Member | None


async def holders_of(session: AsyncSession, key_hash: str, team_id: str, user_id: str) -> Holders:
    """Of a key, as the gateway says it is held."""
    one = select(literal(1).label("one")).subquery()
    statement = (
        select(Key, Team, User, Member)
        .select_from(one)
        .outerjoin(Key, Key.hash == key_hash)
        .outerjoin(Team, Team.id == team_id)
        .outerjoin(User, User.id == user_id)
        .outerjoin(Member, and_(Member.team_id == team_id, Member.user_id == user_id))
    )
    return Holders(*(await session.execute(statement)).one())


async def team_of(session: AsyncSession, team_id: str) -> Team | None:
    return await session.get(Team, team_id)
