"""Who asks for a key's change: an administrator, the leader of its team, its owner, or nobody of those."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.actor import Actor
from routeiq.control.errors import NotAllowed
from routeiq.control.keys.ceiling import Ceiling
from routeiq.control.keys.effective import effective
from routeiq.control.store import holders
from routeiq.control.store.keys import former_of
from routeiq.control.store.tables import Key, Team
from routeiq.kit.principal import Principal, Role

WRITER = "internal_user"
"""LiteLLM's role whose holders manage keys of their own."""
ADMIN, ADMIN_VIEWER, VIEWER = "proxy_admin", "proxy_admin_viewer", "internal_user_viewer"


@dataclass(frozen=True, slots=True)
class Standing:
    """`role` is LiteLLM's. `teams`: the role in each team that the user is a member of.

    A key of a team acts for that team alone (`bound`): who leads a team can make such a key for any of its members,
    and must not get at what those have elsewhere."""

    actor: Actor
    role: str
    user_id: str | None = None
    teams: Mapping[str, str] = field(default_factory=dict)
    bound: str | None = None
    own: Ceiling = field(default_factory=Ceiling)
    """Of the key that asks, and of its user."""

    @property
    def is_admin(self) -> bool:
        return self.actor.is_admin

    def need_writer(self) -> None:
        """Raises: NotAllowed: whoever reads alone, and a key that belongs to no user."""
        if not self.is_admin and self.role != WRITER:
            raise NotAllowed(self.actor.route, self.role)

    def leads(self, team_id: str | None) -> bool:
        return team_id is not None and self.teams.get(team_id) == "admin"

    def owns(self, key: Key) -> bool:
        return key.user_id is not None and key.user_id == self.user_id and self.bound in (None, key.team_id)

    def may_change(self, key: Key) -> bool:
        return self.is_admin or self.leads(key.team_id) or self.owns(key)

    def may_see(self, key: Key) -> bool:
        """Of its teams' keys a member sees those that belong to no user, as in a list; who leads a team sees all."""
        is_itself = key.hash == self.actor.principal.key_id
        is_shared = key.user_id is None and key.team_id in self.teams
        return self.actor.reads_all or is_itself or self.owns(key) or self.leads(key.team_id) or is_shared

    @property
    def led(self) -> list[str]:
        return [team for team in self.teams if self.leads(team)]


async def standing_of(session: AsyncSession, actor: Actor, now: datetime) -> Standing:
    if actor.reads_all:
        return Standing(actor, ADMIN if actor.is_admin else ADMIN_VIEWER, actor.principal.user_id or None)
    principal = actor.principal
    if principal.role is not Role.USER:
        return Standing(actor, principal.role.value)
    found = await holders.key_and_user(session, principal.key_id, principal.user_id)
    bound = principal.team_id or None
    teams = await holders.teams_of(session, principal.user_id) if principal.user_id else {}
    if bound is not None:
        teams = {team: role for team, role in teams.items() if team == bound}
    own = Ceiling()
    if found.key is not None:
        own = own.under_key(found.key, effective(found.key, found.budget, now))
    if found.user is not None:
        own = own.under_holder(found.user)
    role = found.user.role if found.user is not None and await _works(session, found.key, principal, now) else VIEWER
    return Standing(actor, role, principal.user_id or None, teams, bound, own)


async def _works(session: AsyncSession, key: Key | None, principal: Principal, now: datetime) -> bool:
    """A gateway may know a key for a moment longer than it is one. In that moment it makes no other."""
    if key is None:
        return await former_of(session, principal.key_id) is None
    return not key.blocked and (key.expires_at is None or key.expires_at > now)


def ceiling_in(standing: Standing, team: Team | None) -> Ceiling:
    """Of a key in that team."""
    return standing.own if team is None else standing.own.under_holder(team)
