"""Teams with what stands elsewhere: members, keys, budgets."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.answers.budgets import budget_row
from routeiq.control.answers.memberships import member_row, membership_row, sourced_membership
from routeiq.control.answers.teams import (
    CountedTeam,
    ListedTeam,
    TeamRow,
    default_budget_id,
    shown_team,
    team_details,
    team_row,
)
from routeiq.control.keys.answers import KeyInfo
from routeiq.control.keys.finding import budgets_of
from routeiq.control.keys.rows import key_info
from routeiq.control.store.holdings import keys_held
from routeiq.control.store.members import Membership, memberships_of
from routeiq.control.store.tables import Budget, Key, Team
from routeiq.control.store.teams import key_counts
from routeiq.control.teams.shapes import TeamInfo

MOST_KEYS = 10_000
"""In one answer; LiteLLM's has no pages."""


async def with_members(session: AsyncSession, row: Team) -> TeamRow:
    return team_row(row, await memberships_of(session, [row.id]))


async def with_everything(session: AsyncSession, row: Team, only_user: str | None) -> TeamInfo:
    """Args: only_user: whose keys and budget to show; None: everybody's."""
    members = await memberships_of(session, [row.id])
    shared = await session.get(Budget, default_budget_id(row) or "")
    default = shared.id if shared is not None else None
    seen = [one for one in members if only_user in (None, one.member.user_id)]
    return TeamInfo(
        team_id=row.id,
        team_info=team_details(row, members, budget_row(shared) if shared is not None else None),
        keys=await _keys(session, [row.id], only_user),
        team_memberships=[sourced_membership(one, default) for one in seen],
    )


async def listed(
    session: AsyncSession, rows: Sequence[Team], user_id: str | None, only_user: str | None
) -> list[ListedTeam]:
    """Args: user_id: whose membership to show; None: everybody's.  only_user: the same of keys."""
    ids = [row.id for row in rows]
    members = await _members(session, ids)
    keys: dict[str, list[KeyInfo]] = {}
    for key in await _keys(session, ids, only_user):
        keys.setdefault(key.team_id or "", []).append(key)
    return [
        ListedTeam(
            **shown_team(row),
            members_with_roles=[member_row(one) for one in members[row.id]],
            team_memberships=[membership_row(one) for one in members[row.id] if user_id in (None, one.member.user_id)],
            keys=keys.get(row.id, []),
        )
        for row in rows
    ]


async def counted(session: AsyncSession, rows: Sequence[Team]) -> list[CountedTeam]:
    ids = [row.id for row in rows]
    members, keys = await _members(session, ids), await key_counts(session, ids)
    return [
        CountedTeam(
            **shown_team(row),
            members_with_roles=[member_row(one) for one in members[row.id]],
            members_count=len(members[row.id]),
            keys_count=keys.get(row.id, 0),
        )
        for row in rows
    ]


async def plain(session: AsyncSession, rows: Sequence[Team]) -> list[TeamRow]:
    members = await _members(session, [row.id for row in rows])
    return [team_row(row, members[row.id]) for row in rows]


async def shown_keys(session: AsyncSession, rows: Sequence[Key]) -> list[KeyInfo]:
    budgets = await budgets_of(session, rows)
    return [key_info(row, budgets.get(row.budget_id or "")) for row in rows]


async def _keys(session: AsyncSession, ids: list[str], only_user: str | None) -> list[KeyInfo]:
    users = None if only_user is None else [only_user]
    return await shown_keys(session, await keys_held(session, users=users, teams=ids, most=MOST_KEYS))


async def _members(session: AsyncSession, ids: list[str]) -> dict[str, list[Membership]]:
    found: dict[str, list[Membership]] = {team_id: [] for team_id in ids}
    for one in await memberships_of(session, ids):
        found[one.member.team_id].append(one)
    return found
