"""Who may do what to a team.

    administrators       everything
    viewers              read everything
    admins of a team     let members in and out, and give them limits, but not themselves; read all of the team
    members of a team    read the team, and of its keys their own
    a team's own key     reads the team

A key of a team acts for that team alone: whoever leads a team can make one for any of its members, and must not reach
what those have elsewhere. To others a team that is not theirs and one that is not there are the same.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.actor import Actor
from routeiq.control.errors import Detailed, Refused
from routeiq.control.store.members import administers, member_of
from routeiq.control.store.tables import Team
from routeiq.kit.principal import Role

NOT_FOUND = "Team not found, passed team_id={}"
NOT_ADMIN = "Call not allowed. User not proxy admin OR team admin. route={}, team_id={}"


class Standing(IntEnum):
    """Each may what those before it may."""

    STRANGER = 0
    MEMBER = 1
    VIEWER = 2
    TEAM_ADMIN = 3
    ADMIN = 4


async def standing(session: AsyncSession, actor: Actor, team_id: str) -> Standing:
    who = actor.principal
    if actor.is_admin:
        return Standing.ADMIN
    if who.role is Role.VIEWER:
        return Standing.VIEWER
    if who.team_id not in ("", team_id):
        return Standing.STRANGER
    if who.user_id and await administers(session, who.user_id, team_id):
        return Standing.TEAM_ADMIN
    if who.team_id == team_id or (who.user_id and await member_of(session, team_id, who.user_id) is not None):
        return Standing.MEMBER
    return Standing.STRANGER


async def need_manager(session: AsyncSession, actor: Actor, team_id: str) -> Standing:
    """Of the team's members. Raises: Detailed."""
    found = await standing(session, actor, team_id)
    if found < Standing.TEAM_ADMIN:
        raise Detailed(403, {"error": NOT_ADMIN.format(actor.route, team_id)})
    return found


async def need_reader(session: AsyncSession, actor: Actor, team_id: str) -> Standing:
    """Raises: Refused: in the words of /team/info."""
    found = await standing(session, actor, team_id)
    if found is Standing.STRANGER:
        who = f"User={actor.principal.user_id}" if actor.principal.user_id else "API key"
        text = {"error": f"{who} not authorized to access this team={team_id}"}
        raise Refused(403, str(text), "auth_error", param="None")
    return found


def there(team: Team | None, team_id: str, status: int = 404, text: str = NOT_FOUND) -> Team:
    """Raises: Detailed."""
    if team is None:
        raise Detailed(status, {"error": text.format(team_id)})
    return team
