"""Users for who reads them: administrators and viewers all, everybody itself, and admins of a team the names of its
members. A key of a team shows what its user has in that team."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.actor import Actor
from routeiq.control.answers.users import CountedUser, named_alone, shown_user, user_row
from routeiq.control.errors import Detailed
from routeiq.control.office import Read
from routeiq.control.pages import Pages
from routeiq.control.store.holdings import keys_held
from routeiq.control.store.members import leads_one_of, team_ids_of
from routeiq.control.store.tables import User
from routeiq.control.store.teams import TeamFilter, some_teams, teams_of
from routeiq.control.store.users import SORTED_BY, UserFilter, key_counts, page_of_users, user_of
from routeiq.control.teams.shown import plain, shown_keys
from routeiq.control.users.rows import refused
from routeiq.control.users.shapes import UserInfo, UserInfoV2, UserPage

MOST = 1000
"""Keys, or teams, of an answer that has no pages."""


async def info(work: Read, user_id: str | None) -> UserInfo:
    """Args: user_id: None: who asks.  Raises: Refused."""
    who = work.actor
    own = who.principal.user_id or None
    if user_id is None and who.reads_all:
        return await _everything(work, own)
    wanted = user_id or own
    if not who.reads_all and wanted != own:
        text = f"key not allowed to access this user's info. user_id={user_id}, key's user_id={own}"
        raise refused(403, text)
    row = await user_of(work.session, wanted) if wanted else None
    if row is None:
        raise refused(404, f"User {wanted} not found")
    inside = await _teams_seen(work, row)
    keys = await keys_held(work.session, users=[row.id], teams=_bound(who), most=MOST)
    return UserInfo(
        user_id=row.id,
        user_info=user_row(row, inside),
        keys=await shown_keys(work.session, keys),
        teams=await plain(work.session, await teams_of(work.session, inside)),
    )


async def flat(work: Read, user_id: str | None) -> UserInfoV2:
    """Without keys and teams. Raises: Refused: it is not there, or not for who asks to see."""
    wanted = user_id or work.actor.principal.user_id
    if not wanted:
        text = "user_id is required. Either pass it as a query parameter or authenticate with a user-bound key."
        raise refused(400, text)
    row = await user_of(work.session, wanted) if await _may_see(work.session, work.actor, wanted) else None
    if row is None:
        raise refused(404, f"User not found: {wanted}")
    inside = await _teams_seen(work, row)
    if not work.actor.reads_all and row.id != work.actor.principal.user_id:
        row, inside = named_alone(row), await _led(work, inside)
    shown = shown_user(row, inside) | {"model_max_budget_usage": None}
    return UserInfoV2(**{name: shown[name] for name in UserInfoV2.model_fields})


async def page(work: Read, wanted: UserFilter, pages: Pages) -> UserPage:
    """Raises: Detailed."""
    if not work.actor.reads_all:
        raise Detailed(403, {"error": "Only proxy admins and organization admins can list users."})
    _check_order(pages)
    rows, total = await page_of_users(
        work.session, wanted, page=pages.page, size=pages.size, sort_by=pages.sort_by or "created_at",
        descending=pages.sort_by is None or pages.sort_order.lower() == "desc",
    )  # fmt: skip
    return UserPage(
        users=await _counted(work.session, rows),
        total=total,
        page=pages.page,
        page_size=pages.size,
        total_pages=pages.count(total),
    )


def _check_order(pages: Pages) -> None:
    if pages.sort_by is None:
        return
    if pages.sort_by not in SORTED_BY:
        raise Detailed(400, {"error": f"Invalid sort column. Must be one of: {', '.join(SORTED_BY)}"})
    if pages.sort_order.lower() not in ("asc", "desc"):
        raise Detailed(400, {"error": "Invalid sort order. Must be 'asc' or 'desc'"})


async def _may_see(session: AsyncSession, who: Actor, user_id: str) -> bool:
    own = who.principal.user_id
    return who.reads_all or (bool(own) and (own == user_id or await leads_one_of(session, own, user_id, _bound(who))))


def _bound(who: Actor) -> list[str] | None:
    """The one team that a key of a team acts for. None: any."""
    return None if who.reads_all or not who.principal.team_id else [who.principal.team_id]


async def _teams_seen(work: Read, row: User) -> list[str]:
    inside, bound = (await team_ids_of(work.session, [row.id])).get(row.id, []), _bound(work.actor)
    return [one for one in inside if bound is None or one in bound]


async def _led(work: Read, teams: Sequence[str]) -> list[str]:
    """Those of them that the caller is an admin of."""
    own = work.actor.principal.user_id
    return [one for one in teams if await leads_one_of(work.session, own, own, [one])]


async def _everything(work: Read, own: str | None) -> UserInfo:
    """What LiteLLM answers an administrator who names nobody: all keys and teams, as far as one answer goes."""
    row = await user_of(work.session, own) if own else None
    inside = (await team_ids_of(work.session, [own])).get(own, []) if own else []
    teams = await some_teams(work.session, TeamFilter(), MOST)
    return UserInfo(
        user_id=own,
        user_info=user_row(row, inside) if row is not None else None,
        keys=await shown_keys(work.session, await keys_held(work.session, most=MOST)),
        teams=await plain(work.session, teams),
    )


async def _counted(session: AsyncSession, rows: Sequence[User]) -> list[CountedUser]:
    ids = [row.id for row in rows]
    inside, counts = await team_ids_of(session, ids), await key_counts(session, ids)
    return [CountedUser(**shown_user(row, inside.get(row.id, [])), key_count=counts.get(row.id, 0)) for row in rows]
