"""Rows of teams. Whoever changes a team or its members locks the team first, and several in the order of their ids."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.search import containing, in_order, page_of
from routeiq.control.store.tables import Key, Member, Team

SORTED_BY: Mapping[str, str] = {"team_id": "id", "team_alias": "alias", "created_at": "created_at"}
"""LiteLLM's names of columns."""


@dataclass(frozen=True, slots=True)
class TeamFilter:
    """None: any."""

    id: str | None = None
    alias: str | None = None
    """It contains this."""
    organization_id: str | None = None
    member: str | None = None
    search: str | None = None
    """Its id, or part of its alias."""
    search_prefix: bool = False
    """Or the beginning of its id."""


async def team_of(session: AsyncSession, team_id: str) -> Team | None:
    return await session.get(Team, team_id)


async def locked_team(session: AsyncSession, team_id: str) -> Team | None:
    return await session.get(Team, team_id, with_for_update=True, populate_existing=True)


async def locked_teams(session: AsyncSession, ids: Collection[str]) -> Sequence[Team]:
    """Those that exist."""
    return (await session.scalars(select(Team).where(Team.id.in_(ids)).order_by(Team.id).with_for_update())).all()


async def teams_of(session: AsyncSession, ids: Collection[str]) -> Sequence[Team]:
    """By alias, as LiteLLM lists them."""
    order = (func.coalesce(Team.alias, ""), Team.id)
    return (await session.scalars(select(Team).where(Team.id.in_(ids)).order_by(*order))).all()


async def some_teams(session: AsyncSession, wanted: TeamFilter, most: int) -> Sequence[Team]:
    """By alias."""
    order = (func.coalesce(Team.alias, ""), Team.id)
    return (await session.scalars(select(Team).where(*_filters(wanted)).order_by(*order).limit(most))).all()


async def page_of_teams(
    session: AsyncSession, wanted: TeamFilter, *, page: int, size: int, sort_by: str, descending: bool
) -> tuple[Sequence[Team], int]:
    """And how many there are in all. Args: page: from 1.  sort_by: one of `SORTED_BY`."""
    column = getattr(Team, SORTED_BY[sort_by])
    order = in_order(column, descending=descending)
    return await page_of(session, select(Team).where(*_filters(wanted)).order_by(order, Team.id), page, size)


async def key_counts(session: AsyncSession, ids: Collection[str]) -> dict[str, int]:
    """Of teams that have any."""
    counted = select(Key.team_id, func.count()).where(Key.team_id.in_(ids)).group_by(Key.team_id)
    return {team_id: count for team_id, count in await session.execute(counted) if team_id is not None}


def _filters(wanted: TeamFilter) -> list[ColumnElement[bool]]:
    some: list[ColumnElement[bool]] = []
    if wanted.id:
        some.append(Team.id == wanted.id)
    if wanted.alias:
        some.append(containing(Team.alias, wanted.alias))
    if wanted.organization_id:
        some.append(Team.organization_id == wanted.organization_id)
    if wanted.member:
        some.append(Team.id.in_(select(Member.team_id).where(Member.user_id == wanted.member)))
    if wanted.search:
        by_id = Team.id.startswith(wanted.search, autoescape=True) if wanted.search_prefix else Team.id == wanted.search
        some.append(or_(by_id, containing(Team.alias, wanted.search)))
    return some
