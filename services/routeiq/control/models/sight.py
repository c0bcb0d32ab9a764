"""Which models a caller sees: those that it may call under some name. The rule is `config.model_access`, by which the
gateway decides; a group that learned routing chooses in is seen by whom all of it may serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.config.model_access import UNRESTRICTED, ModelAccess, model_access
from routeiq.config.state import Deployment, State
from routeiq.control.actor import Actor
from routeiq.control.models.shown import Listed
from routeiq.control.store.reach import Holders, holders_of, team_of
from routeiq.kit.principal import Role


@dataclass(frozen=True, slots=True)
class Sight:
    """`access` None: nothing at all."""

    access: ModelAccess | None = UNRESTRICTED

    def sees(self, one: Listed, state: State) -> bool:
        access = self.access
        if access is None or not access.levels:
            return access is not None
        names = {one.name, *access.aliases, *access.team_aliases}
        served = _served(one, state)
        return any(_granted(access, name, served) for name in names if access.stands_for(name)[1] == one.name)


async def sight_of(session: AsyncSession, actor: Actor) -> Sight:
    """Administrators and viewers see all, and services too: they generate with any."""
    principal = actor.principal
    if actor.reads_all or principal.role is Role.SERVICE:
        return Sight()
    return _of(await holders_of(session, principal.key_id, principal.team_id, principal.user_id))


async def sight_of_team(session: AsyncSession, actor: Actor, team_id: str) -> Sight:
    """What keys of the team may see. Others' teams show nothing."""
    own = actor.reads_all or actor.principal.team_id == team_id
    team = await team_of(session, team_id) if own else None
    return Sight(model_access(team=team.models, team_aliases=team.model_aliases) if team is not None else None)


def _of(holders: Holders) -> Sight:
    key, team, user, member = holders
    if key is None:
        return Sight(None)
    return Sight(
        model_access(
            key=key.models,
            team=team.models if team is not None else (),
            user=user.models if user is not None else (),
            member=member.models if member is not None else (),
            aliases=key.aliases,
            team_aliases=team.model_aliases if team is not None else {},
            in_team=bool(key.team_id),
        )
    )


def _granted(access: ModelAccess, requested: str, served: Sequence[Deployment]) -> bool:
    comes_to = access.stands_for(requested)
    return all(level.grants(requested, comes_to, served) for level in access.levels)


def _served(one: Listed, state: State) -> Sequence[Deployment]:
    """All that a request for it may reach."""
    group = state.named_group(one.name)
    if group is not None:
        return group.deployments
    return (one.deployment,) if one.deployment is not None else ()
