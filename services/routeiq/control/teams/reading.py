"""Teams for who reads them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from routeiq.control.actor import Actor
from routeiq.control.answers.teams import ListedTeam, TeamRow
from routeiq.control.errors import Detailed, Refused
from routeiq.control.office import Read
from routeiq.control.pages import Pages
from routeiq.control.store.members import team_ids_of
from routeiq.control.store.teams import SORTED_BY, TeamFilter, page_of_teams, some_teams, team_of, teams_of
from routeiq.control.store.users import user_of
from routeiq.control.teams.authority import Standing, need_reader
from routeiq.control.teams.shapes import TeamInfo, TeamPage
from routeiq.control.teams.shown import counted, listed, plain, with_everything

MOST = 10_000
"""Teams in a list that has no pages."""


async def info(work: Read, team_id: str) -> TeamInfo:
    """Raises: Refused."""
    found = await need_reader(work.session, work.actor, team_id)
    row = await team_of(work.session, team_id)
    if row is None:
        text = {"message": f"Team not found, passed team id: {team_id}."}
        raise Refused(404, str(text), "auth_error", param="None")
    return await with_everything(work.session, row, _only(work.actor, found >= Standing.VIEWER))


async def listing(work: Read, wanted: TeamFilter) -> list[ListedTeam]:
    """Raises: Detailed: others' teams are not everybody's to see."""
    who = work.actor
    if not who.reads_all and not wanted.member:
        raise _others(who)
    rows = await some_teams(work.session, _own(who, wanted), MOST)
    return await listed(work.session, rows, wanted.member, _only(who, who.reads_all))


async def page(work: Read, wanted: TeamFilter, pages: Pages, status: str | None) -> TeamPage:
    """Raises: Detailed. Teams that are deleted are gone, so that there are none of that status."""
    if status not in (None, "deleted"):
        raise Detailed(400, {"error": "Invalid status value. Currently only 'deleted' is supported."})
    wanted = _own(work.actor, wanted)
    if wanted.member and await user_of(work.session, wanted.member) is None:
        raise Detailed(404, {"error": f"User not found, passed user_id={wanted.member}"})
    if status == "deleted":
        return TeamPage(teams=[], total=0, page=pages.page, page_size=pages.size, total_pages=0)
    known = pages.sort_by in SORTED_BY
    rows, total = await page_of_teams(
        work.session, wanted, page=pages.page, size=pages.size,
        sort_by=pages.sort_by if known and pages.sort_by else "created_at",
        descending=pages.sort_order.lower() == "desc" if known else True,
    )  # fmt: skip
    return TeamPage(
        teams=await counted(work.session, rows), total=total, page=pages.page, page_size=pages.size,
        total_pages=pages.count(total),
    )  # fmt: skip


async def joinable(work: Read, available: Collection[str]) -> list[TeamRow]:
    """Args: available: teams that a user may join by itself.  Returns: those it is not in."""
    own = work.actor.principal.user_id
    if not available:
        return []
    if not own or await user_of(work.session, own) is None:
        raise Detailed(404, {"error": "User not found"})
    inside = (await team_ids_of(work.session, [own])).get(own, [])
    rows = await teams_of(work.session, [one for one in available if one not in inside])
    return [row.model_copy(update={"members_with_roles": []}) for row in await plain(work.session, rows)]


def _own(who: Actor, wanted: TeamFilter) -> TeamFilter:
    """Narrowed to the teams of who asks. Raises: Detailed."""
    own, bound = who.principal.user_id, who.principal.team_id or None
    if who.reads_all:
        return wanted
    if not own or wanted.member not in (None, own) or (bound and wanted.id not in (None, bound)):
        raise _others(who)
    return replace(wanted, member=own, id=bound or wanted.id)


def _only(who: Actor, everything: bool) -> str | None:
    """Whose keys to show. A key that belongs to nobody sees nobody's."""
    return None if everything else who.principal.user_id


def _others(who: Actor) -> Detailed:
    text = f"Only admin users can query all teams/other teams. Your user role={who.principal.role.value}"
    return Detailed(401, {"error": text})
