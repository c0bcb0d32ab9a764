"""Keys, users, teams and tags by what they have spent; the dearest first. Of a key, a user and a team it is what they
have spent in the period that their budget is in, as their own paths show it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.actor import Actor
from routeiq.control.answers.teams import TeamRow
from routeiq.control.answers.users import UserRow, user_row
from routeiq.control.errors import Detailed
from routeiq.control.keys.answers import KeyRow
from routeiq.control.keys.finding import budgets_of
from routeiq.control.keys.rows import key_row
from routeiq.control.office import Read
from routeiq.control.store import usage_holders as store
from routeiq.control.store.members import team_ids_of
from routeiq.control.store.usage_days import by_name
from routeiq.control.store.usage_details import Slice, sums_by
from routeiq.control.store.usage_sums import USED, Span, Sum
from routeiq.control.teams.shown import plain
from routeiq.control.usage.sight import sight_of

MOST = 10_000
"""Rows of an answer; LiteLLM's have no pages."""
FIELDS = (*USED, "failed")
"""Of a tag."""
NOT_YOURS = "Not authorized to view spend for another user."


async def keys(work: Read) -> list[KeyRow]:
    """The caller's own: those of its user, or itself."""
    rows = await store.keys_by_spend(work.session, _own_keys(work.actor), MOST)
    budgets = await budgets_of(work.session, rows)
    return [key_row(row, budgets.get(row.budget_id or "")) for row in rows]


async def users(work: Read, user_id: str | None) -> list[UserRow]:
    """Raises: Detailed: 403."""
    who = work.actor
    if not who.reads_all:
        if not who.principal.user_id:
            return []
        if user_id not in (None, who.principal.user_id):
            raise Detailed(403, {"error": NOT_YOURS})
        user_id = who.principal.user_id
    rows = await store.users_by_spend(work.session, user_id, MOST)
    inside = await team_ids_of(work.session, [row.id for row in rows])
    return [user_row(row, _bound(who, inside.get(row.id, []))) for row in rows]


async def teams(work: Read) -> list[TeamRow]:
    """Those that the caller is an admin of; a key of a team sees that team."""
    rows = await store.teams_by_spend(work.session, await _own_teams(work.session, work.actor), MOST)
    return await plain(work.session, rows)


async def tags(work: Read, span: Span, names: list[str] | None = None) -> list[tuple[str, Sum]]:
    """A request counts for each tag that it has."""
    if work.actor.reads_all:
        found = await by_name(work.session, "tag", span, FIELDS, names=names, most=MOST)
        return [(row.name, row.sums) for row in found]
    wanted = Slice(span, await sight_of(work.session, work.actor), tagged=True, tags=names)
    return [(row.of[0], row.sums) for row in await sums_by(work.session, wanted, ["tag"], FIELDS, most=MOST)]


def _own_keys(actor: Actor) -> dict[str, str]:
    who = actor.principal
    if actor.reads_all:
        return {}
    if not who.user_id:
        return {"hash": who.key_id}
    return {"user_id": who.user_id} | ({"team_id": who.team_id} if who.team_id else {})


async def _own_teams(session: AsyncSession, actor: Actor) -> list[str] | None:
    who = actor.principal
    if actor.reads_all:
        return None
    if who.team_id:
        return [who.team_id]
    return await store.teams_led_by(session, who.user_id) if who.user_id else []


def _bound(actor: Actor, teams: list[str]) -> list[str]:
    bound = "" if actor.reads_all else actor.principal.team_id
    return [team for team in teams if bound in ("", team)]
