"""All that governs a key, in one statement, and the override that holds for a customer."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, case, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from routeiq.control.store.tables import Budget, FormerKey, Key, Member, Override, Team, User


class Governed(NamedTuple):
    """A key and its own. None: it has none, or that is gone."""

    key: Key
    budget: Budget | None
    user: User | None
    team: Team | None
    member: Member | None
    member_budget: Budget | None


class Standing(NamedTuple):
    """`works_until`: of a key that another took the place of, which governs it."""

    governed: Governed
    works_until: datetime | None = None


async def governed(session: AsyncSession, key_hash: str, now: datetime) -> Standing | None:
    """None: there is no such key, or no more."""
    found = await _governed(session, key_hash)
    if found is not None:
        return Standing(found)
    former = await session.get(FormerKey, key_hash)
    if former is None or former.successor is None or former.works_until is None or former.works_until <= now:
        return None
    found = await _governed(session, former.successor)
    return Standing(found, former.works_until) if found is not None else None


async def _governed(session: AsyncSession, key_hash: str) -> Governed | None:
    of_key, of_member = aliased(Budget), aliased(Budget)
    statement = (
        select(Key, of_key, User, Team, Member, of_member)
        .outerjoin(of_key, of_key.id == Key.budget_id)
        .outerjoin(User, User.id == Key.user_id)
        .outerjoin(Team, Team.id == Key.team_id)
        .outerjoin(Member, and_(Member.team_id == Key.team_id, Member.user_id == Key.user_id))
        .outerjoin(of_member, of_member.id == Member.budget_id)
        .where(Key.hash == key_hash)
    )
    row = (await session.execute(statement)).one_or_none()
    return Governed(*row) if row is not None else None


async def override_for(session: AsyncSession, user_id: str, service: str) -> Override | None:
    """The one for that service, else the one for any (contract 4)."""
    any_service = Override.service_name.is_(None)
    statement = (
        select(Override)
        .where(Override.user_id == user_id, or_(Override.service_name == service, any_service))
        .order_by(case((any_service, 1), else_=0))
        .limit(1)
    )
    return (await session.scalars(statement)).one_or_none()
