"""Make, change and delete teams. Only administrators do."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from routeiq.control.answers.teams import TeamRow, default_budget_id
from routeiq.control.errors import Detailed
from routeiq.control.fields import Resets
from routeiq.control.keys.remove import delete_rows
from routeiq.control.members.join import join
from routeiq.control.members.shapes import Joining, OwnOfJoining
from routeiq.control.metadata import merge_patch
from routeiq.control.office import Write
from routeiq.control.store.holdings import forget_budgets, keys_held
from routeiq.control.store.members import memberships_of, share_with_members
from routeiq.control.store.periods import first_number
from routeiq.control.store.rows import add_if_free
from routeiq.control.store.tables import Team
from routeiq.control.store.teams import locked_team, locked_teams
from routeiq.control.teams.authority import there
from routeiq.control.teams.rows import check, fill, share_budget
from routeiq.control.teams.shapes import NewTeam, TeamFields, TeamsDeleted
from routeiq.control.teams.shown import with_members
from routeiq.control.terms import Terms, filled, is_open

ALL_MODELS = "all-proxy-models"
TAKEN = "Team id = {} already exists. Please use a different team id."


async def make(work: Write, body: NewTeam, terms: Terms) -> TeamRow:
    """Raises: NotAllowed; Detailed: the id is taken, also by who asks at this moment."""
    work.actor.need_admin()
    body = filled(body, {name: value for name, value in terms.teams.items() if is_open(body, name)})
    check(body)
    row = _empty(work, body.team_id or str(uuid4()))
    fill(row, body, work.now, terms.resets)
    if not await add_if_free(work.session, row):
        raise Detailed(400, {"error": TAKEN.format(row.id)})
    await share_budget(work, row, body, terms.resets)
    await work.session.flush()
    await join(work, row, _first_members(work, body), OwnOfJoining(), terms)
    _note(work, "team.new", row, body)
    return await with_members(work.session, row)


async def change(work: Write, team_id: str, body: TeamFields, resets: Resets, *, patch: bool = False) -> TeamRow:
    """Args: patch: `metadata` is merged with what there is, as RFC 7386 says.  Raises: NotAllowed, Detailed."""
    work.actor.need_admin()
    row = there(await locked_team(work.session, team_id), team_id)
    check(body, row)
    if patch and isinstance(body.metadata, dict):
        body.metadata = _patched(row, body)
    fill(row, body, work.now, resets)
    shared = await share_budget(work, row, body, resets)
    if shared is not None:
        await work.session.flush()
        await share_with_members(work.session, row.id, shared)
    _stamp(work, row)
    _note(work, "team.update", row, body)
    return await with_members(work.session, row)


async def delete(work: Write, ids: Sequence[str]) -> TeamsDeleted:
    """All of them, or none; with their keys, as LiteLLM does. Raises: NotAllowed, Detailed."""
    work.actor.need_admin()
    wanted = list(dict.fromkeys(ids))
    rows = {row.id: row for row in await locked_teams(work.session, wanted)}
    for team_id in wanted:
        there(rows.get(team_id), team_id)
    await delete_rows(work, await keys_held(work.session, teams=wanted, lock=True))
    members = await memberships_of(work.session, wanted)
    for row in rows.values():
        await work.session.delete(row)
        work.changed.teams.append(row.id)
        work.note("team.delete", "team", row.id)
    await work.session.flush()
    budgets = {one.member.budget_id for one in members} | {default_budget_id(row) for row in rows.values()}
    await forget_budgets(work.session, [one for one in budgets if one])
    return TeamsDeleted(deleted_teams=wanted)


async def set_blocked(work: Write, team_id: str, blocked: bool) -> TeamRow:
    """Raises: NotAllowed, Detailed."""
    work.actor.need_admin()
    row = there(await locked_team(work.session, team_id), team_id)
    row.blocked = blocked
    _stamp(work, row)
    work.changed.teams.append(row.id)
    work.note("team.block" if blocked else "team.unblock", "team", row.id)
    return await with_members(work.session, row)


async def add_models(work: Write, team_id: str, models: Sequence[str]) -> TeamRow:
    """A team that may use every model goes on doing so. Raises: NotAllowed, Detailed."""
    row = await _for_models(work, team_id)
    row.models = list(dict.fromkeys([*(row.models or [ALL_MODELS]), *models]))
    return await _models_set(work, row, "team.model.add")


async def delete_models(work: Write, team_id: str, models: Sequence[str]) -> TeamRow:
    """None left: as with LiteLLM, it may use every model. Raises: NotAllowed, Detailed."""
    row = await _for_models(work, team_id)
    row.models = [model for model in row.models or [] if model not in models]
    return await _models_set(work, row, "team.model.delete")


async def _for_models(work: Write, team_id: str) -> Team:
    work.actor.need_admin()
    return there(await locked_team(work.session, team_id), team_id)


async def _models_set(work: Write, row: Team, action: str) -> TeamRow:
    _stamp(work, row)
    work.changed.teams.append(row.id)
    work.note(action, "team", row.id, fields=["models"])
    return await with_members(work.session, row)


def _empty(work: Write, team_id: str) -> Team:
    by, now = work.actor.id, work.now
    return Team(
        id=team_id, models=[], model_aliases={}, blocked=False, data={}, extra={}, spend_nano_usd=0,
        budget_period=first_number(now),         created_by=by, created_at=now, updated_by=by, updated_at=now,
    )  # fmt: skip


def _first_members(work: Write, body: NewTeam) -> list[Joining]:
    """With the administrator who makes it, if that is a user: the master key is none."""
    named = list(body.members_with_roles or ())
    own = work.actor.principal.user_id
    if own and all(one.user_id != own for one in named):
        named.append(Joining(user_id=own, role="admin"))
    return named


def _patched(row: Team, body: TeamFields) -> dict[str, object]:
    merged = merge_patch(row.data, body.metadata)
    return merged if isinstance(merged, dict) else {}


def _stamp(work: Write, row: Team) -> None:
    row.updated_by, row.updated_at = work.actor.id, work.now


def _note(work: Write, action: str, row: Team, body: TeamFields) -> None:
    if row.id not in work.changed.teams:
        work.changed.teams.append(row.id)
    work.note(action, "team", row.id, fields=sorted(body.model_fields_set))
