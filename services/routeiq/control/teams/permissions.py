"""What members of a team may do with its keys: a list of LiteLLM's paths."""

from __future__ import annotations

from collections.abc import Sequence

from routeiq.control.answers.teams import TeamRow
from routeiq.control.errors import Detailed
from routeiq.control.office import Read, Write
from routeiq.control.store.tables import Team
from routeiq.control.store.teams import locked_team, team_of
from routeiq.control.teams.authority import NOT_ADMIN, Standing, need_manager, standing, there
from routeiq.control.teams.shapes import Permissions
from routeiq.control.teams.shown import with_members

DEFAULT = ["/key/info", "/key/health"]
AVAILABLE = [
    "/key/generate", "/key/update", "/key/delete", "/key/regenerate", "/key/service-account/generate",
    "/key/{key_id}/regenerate", "/key/block", "/key/unblock", "/key/bulk_update", "/team/key/bulk_update",
    "/key/{key_id}/reset_spend", "/key/access_group_assignment", "/auto_router/manage", "/key/info", "/key/health",
    "/key/list", "/key/aliases", "/team/daily/activity", "/team/daily/activity/aggregated", "/spend/logs",
    "/spend/logs/v2",
]  # fmt: skip


async def read(work: Read, team_id: str) -> Permissions:
    """Raises: Detailed."""
    if await standing(work.session, work.actor, team_id) < Standing.VIEWER:
        raise Detailed(403, {"error": NOT_ADMIN.format(work.actor.route, team_id)})
    row = there(await team_of(work.session, team_id), team_id)
    return Permissions(team_id=row.id, team_member_permissions=_of(row), all_available_permissions=AVAILABLE)


async def update(work: Write, team_id: str, permissions: Sequence[str]) -> TeamRow:
    """Raises: Detailed."""
    await need_manager(work.session, work.actor, team_id)
    row = there(await locked_team(work.session, team_id), team_id)
    row.extra = {**(row.extra or {}), "team_member_permissions": list(permissions)}
    row.updated_by, row.updated_at = work.actor.id, work.now
    work.changed.teams.append(row.id)
    work.note("team.permissions_update", "team", row.id)
    return await with_members(work.session, row)


def _of(row: Team) -> list[str]:
    found = (row.extra or {}).get("team_member_permissions")
    return DEFAULT if found is None else list(found)
