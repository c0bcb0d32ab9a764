"""Whose a key may be: of which user, in which team."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.errors import NotAllowed
from routeiq.control.keys.refusals import AUTH, INTERNAL, plain
from routeiq.control.keys.shapes import KeyFields
from routeiq.control.keys.standing import VIEWER, WRITER, Standing
from routeiq.control.store import holders
from routeiq.control.store.tables import Key, Team


async def held_by(
    session: AsyncSession, standing: Standing, body: KeyFields, *, shared: bool, default_team: str | None = None
) -> Team | None:
    """Whose a new key is. Args: shared: it belongs to its team alone.  default_team: of a key that is asked for without
    one; nobody need be its member.  Returns: its team.  Raises: Refused."""
    if shared:
        body.user_id = None
    elif not standing.is_admin and body.user_id is None:
        body.user_id = standing.user_id
    if standing.bound is not None and not body.team_id:
        body.team_id = standing.bound
    team_id = body.team_id or default_team
    team = await holders.kept_team(session, team_id) if team_id else None
    await _keep_user(session, standing, body.user_id)
    if not body.team_id:
        _need_own(standing, body.user_id)
        return _default(body, default_team, team)
    await need_ordinary(session, standing, body.user_id)
    if team is None:
        if standing.is_admin:
            return None
        text = f"Team not found for team_id={body.team_id}. Non-admin users cannot create keys for non-existent teams."
        raise plain(400, text)
    if team.id != default_team or body.user_id != standing.user_id:
        await _need_members(session, standing, team.id, body.user_id)
    return team


def _default(body: KeyFields, team_id: str | None, team: Team | None) -> Team | None:
    if team_id is None:
        return None
    if team is None:
        raise plain(400, f"Team not found for team_id={team_id}, which default_key_generate_params names.")
    body.team_id = team_id
    return team


async def check_move(session: AsyncSession, standing: Standing, body: KeyFields, row: Key) -> Team | None:
    """The team of the key after the change. Raises: Refused: the caller may not give it to another."""
    team_id = body.team_id if "team_id" in body.model_fields_set else row.team_id
    team = await holders.team(session, team_id) if team_id else None
    if standing.is_admin:
        return team
    if "user_id" in body.model_fields_set and body.user_id != row.user_id:
        raise plain(403, _rebound(body, row), AUTH)
    if team_id == row.team_id:
        return team
    if team is None:
        text = f"Team not found for team_id={team_id}. Non-admin users cannot set keys to non-existent teams."
        raise plain(400, text, AUTH)
    if not standing.leads(team_id):
        raise plain(
            403,
            f"User={standing.user_id} is not a Proxy Admin or Team Admin for team={team_id}. Please ask your Proxy "
            "Admin to allow this action under 'Member Permissions' for this team.",
            AUTH,
        )
    return team


async def need_ordinary(session: AsyncSession, standing: Standing, user_id: str | None) -> None:
    """A key is as much as its user is, so whoever leads a team gets none of an administrator who happens to be in it.

    Raises: Refused."""
    if standing.is_admin or user_id in (None, standing.user_id):
        return
    found = await holders.users(session, {user_id})
    if any(one.role not in (WRITER, VIEWER) for one in found.values()):
        raise plain(403, f"Only proxy admins can have keys of user={user_id}, whose role is more than internal_user.")


async def _keep_user(session: AsyncSession, standing: Standing, user_id: str | None) -> None:
    """Who deletes a user deletes its keys, and must not miss this one. Raises: NotAllowed: it has just been deleted."""
    user = await holders.kept_user(session, user_id) if user_id is not None else None
    if user is None and user_id == standing.user_id and not standing.is_admin:
        raise NotAllowed(standing.actor.route, VIEWER)


def _need_own(standing: Standing, user_id: str | None) -> None:
    if not standing.is_admin and user_id != standing.user_id:
        text = f"User can only create keys for themselves. Got user_id={user_id}, Your ID={standing.user_id}"
        raise plain(403, text, INTERNAL)


async def _need_members(session: AsyncSession, standing: Standing, team_id: str, user_id: str | None) -> None:
    if user_id is not None and not await holders.is_member(session, team_id, user_id):
        raise plain(400, f"User={user_id} not assigned to team={team_id}")
    if standing.is_admin or standing.leads(team_id):
        return
    if team_id not in standing.teams:
        raise plain(400, f"User={standing.user_id} not assigned to team={team_id}")
    _need_own(standing, user_id)


def _rebound(body: KeyFields, row: Key) -> str:
    if body.user_id is None:
        return "Non-admin users cannot remove the user_id from a key."
    return f"Non-admin caller is not allowed to rebind the key from user={row.user_id} to user={body.user_id}"
