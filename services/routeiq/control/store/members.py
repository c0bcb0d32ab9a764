"""Rows of members: who belongs to which team. Their team is locked while they change (`teams.locked_team`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.tables import Budget, Member, User


@dataclass(frozen=True, slots=True)
class Membership:
    """A member, with what stands elsewhere."""

    member: Member
    email: str | None
    alias: str | None
    budget: Budget | None


async def memberships_of(
    session: AsyncSession, team_ids: Collection[str], user_id: str | None = None
) -> Sequence[Membership]:
    """The oldest first. Args: user_id: this one's only."""
    rows = (
        select(Member, User.email, User.alias, Budget)
        .outerjoin(User, User.id == Member.user_id)
        .outerjoin(Budget, Budget.id == Member.budget_id)
        .where(Member.team_id.in_(team_ids), *([Member.user_id == user_id] if user_id is not None else []))
        .order_by(Member.joined_at, Member.user_id)
    )
    return [Membership(*row) for row in await session.execute(rows)]


async def addressed(session: AsyncSession, team_id: str, user_id: str | None, email: str | None) -> Sequence[Member]:
    """Who in that team has that id, or that e-mail address."""
    by_email = select(User.id).where(func.lower(User.email) == func.lower(email or ""))
    named = [Member.user_id == user_id] if user_id is not None else []
    named += [Member.user_id.in_(by_email)] if email is not None else []
    return (await session.scalars(select(Member).where(Member.team_id == team_id, or_(*named)))).all()


async def member_of(session: AsyncSession, team_id: str, user_id: str) -> Member | None:
    return await session.get(Member, (team_id, user_id))


async def team_ids_of(session: AsyncSession, user_ids: Collection[str]) -> dict[str, list[str]]:
    """By user, in the order in which they joined; only those who are in any."""
    rows = (
        select(Member.user_id, Member.team_id)
        .where(Member.user_id.in_(user_ids))
        .order_by(Member.joined_at, Member.team_id)
    )
    found: dict[str, list[str]] = {}
    for user_id, team_id in await session.execute(rows):
        found.setdefault(user_id, []).append(team_id)
    return found


async def administers(session: AsyncSession, user_id: str, team_id: str) -> bool:
    """Whether the user is an admin of the team, and of those users who may write at all."""
    found = (
        select(User.role)
        .join(Member, Member.user_id == User.id)
        .where(Member.team_id == team_id, Member.user_id == user_id, Member.role == "admin")
    )
    role = await session.scalar(found)
    return role is not None and not role.endswith("_viewer")


async def share_with_members(session: AsyncSession, team_id: str, budget_id: str) -> None:
    """Members who have no budget, or one that is gone, get this one."""
    gone = ~exists().where(Budget.id == Member.budget_id)
    without = update(Member).where(Member.team_id == team_id, gone)
    await session.execute(without.values(budget_id=budget_id, budget_reset_at=None))


async def delete_members_of(session: AsyncSession, user_ids: Collection[str]) -> None:
    """Out of all teams."""
    await session.execute(delete(Member).where(Member.user_id.in_(user_ids)))


async def budgets_of_members(session: AsyncSession, user_ids: Collection[str]) -> list[str]:
    """Ids of what they have in their teams."""
    rows = select(Member.budget_id).where(Member.user_id.in_(user_ids), Member.budget_id.is_not(None))
    return [budget_id for budget_id in await session.scalars(rows) if budget_id is not None]


async def leads_one_of(session: AsyncSession, leader: str, user_id: str, teams: Collection[str] | None) -> bool:
    """Whether the one is an admin of a team that the other is in. Args: teams: of these; None: of any."""
    led = select(Member.team_id).where(Member.user_id == leader, Member.role == "admin")
    led = led.where(Member.team_id.in_(teams)) if teams is not None else led
    found = select(Member.user_id).where(Member.user_id == user_id, Member.team_id.in_(led)).limit(1)
    return await session.scalar(found) is not None
