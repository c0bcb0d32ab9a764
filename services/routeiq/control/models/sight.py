"""Which models a caller sees: those that its key, its team, its user and its membership all let it call.

Every level has its word. An empty list restricts nothing, and so do `all-proxy-models`, `*`, and a key's
`all-team-models`; `no-default-models` allows nothing of its own, and of a user holds for keys of no team only. Words
are names, wildcards and access groups; the name by which a key or a team calls a model is as good in their own list.
It is the gateway's rule as far as it shows: who may call what, the gateway itself decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.config.names import is_pattern, matches
from routeiq.control.actor import Actor
from routeiq.control.models.shown import Listed
from routeiq.control.store.reach import Holders, holders_of, team_of
from routeiq.control.store.tables import Team
from routeiq.kit.principal import Role

ALL, ALL_OF_TEAM, NONE_OF_OWN = "all-proxy-models", "all-team-models", "no-default-models"
_EVERYTHING = frozenset({ALL, "*"})


@dataclass(frozen=True, slots=True)
class Level:
    """One list. `aliases`: what it calls models."""

    words: frozenset[str]
    aliases: Mapping[str, str] = field(default_factory=dict)

    def knows(self, one: Listed) -> bool:
        names = {one.name, *(alias for alias, meant in self.aliases.items() if meant == one.name)}
        if not self.words.isdisjoint({*names, *one.access_groups}):
            return True
        full = one.deployment
        if full is not None and full.model == one.name:
            names.add(f"{full.provider}/{full.model}")
        return any(is_pattern(word) and any(matches(word, name) for name in names) for word in self.words)


@dataclass(frozen=True, slots=True)
class Sight:
    """`levels` None: nothing at all."""

    levels: Sequence[Level] | None = ()

    def sees(self, one: Listed) -> bool:
        return self.levels is not None and all(level.knows(one) for level in self.levels)


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
    return Sight(tuple(_of_team(team))) if team is not None else Sight(None)


def _of(holders: Holders) -> Sight:
    key, team, user, member = holders
    if key is None:
        return Sight(None)
    levels = [*_level([] if ALL_OF_TEAM in key.models else key.models, key.aliases)]
    levels += _of_team(team) if team is not None else []
    levels += _level(member.models, {}) if member is not None else []
    if user is not None and not (team is not None and NONE_OF_OWN in user.models):
        levels += _level(user.models, {})
    return Sight(tuple(levels))


def _of_team(team: Team) -> list[Level]:
    return _level(team.models, team.model_aliases)


def _level(words: Iterable[str], aliases: Mapping[str, str]) -> list[Level]:
    said = frozenset(words)
    return [Level(said, aliases)] if said and _EVERYTHING.isdisjoint(said) else []
