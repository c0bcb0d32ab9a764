"""Which models a key may call: what key, team, user and membership say, compiled. The gateway decides by it, control
shows by it.

Every level has its word, and all must agree. An empty list restricts nothing, and so do `all-proxy-models` and a key's
`all-team-models`. `no-default-models` allows nothing of its own; a user's holds for keys of no team only. Words are
names, wildcards (`openai/*`), access groups of the document, or `auto`, which allows whatever learned routing chooses.

A key's aliases apply first, then its team's, then the router's. A level is content if it knows one of the names that
come up from its own alias on, as in LiteLLM, with one exception: what a key calls a model convinces its key's own list
only, because users choose their keys' aliases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

from routeiq.config.names import is_pattern, is_plain
from routeiq.config.state import Deployment
from routeiq.kit.globs import glob
from routeiq.kit.lru import LRU

ALL, ALL_OF_TEAM, NONE_OF_OWN = "all-proxy-models", "all-team-models", "no-default-models"
EVERYTHING = frozenset({ALL, "*"})
MOST_SHARED = 4096
Aliases = Mapping[str, str]
NO_ALIASES: Aliases = MappingProxyType({})


class Kind(StrEnum):
    """Whose list it is."""

    KEY = "key"
    TEAM = "team"
    USER = "user"


class Words:
    """One level's list."""

    __slots__ = ("_names", "_patterns", "kind", "own_alias")

    def __init__(self, kind: Kind, words: Iterable[str]) -> None:
        self.kind = kind
        self.own_alias = kind is Kind.KEY
        """Whether what the key's alias stands for is as good as the alias."""
        self._names = frozenset(words)
        self._patterns = tuple(glob(word) for word in self._names if is_pattern(word))
        """Compiled here: `glob` remembers those of a few lists alone."""

    def knows(self, name: str) -> bool:
        return name in self._names or self._matches(name)

    def grants(self, requested: str, comes_to: Iterable[str], deployments: Sequence[Deployment]) -> bool:
        """Whether the list names a model in any way. Args: comes_to: its names from the key's alias on.  deployments:
        of what the last of them is; empty: nothing."""
        if any(map(self.knows, comes_to)) or (self.own_alias and self.knows(requested)):
            return True
        return self.knows_one(deployments)

    def knows_one(self, deployments: Sequence[Deployment]) -> bool:
        """By an access group, or by the provider's own name of a model that is public under the same."""
        groups = {group for one in deployments for group in one.access_groups}
        if not self._names.isdisjoint(groups):
            return True
        own = [f"{one.provider}/{one.model}" if one.model == one.group else "" for one in deployments]
        return bool(own) and all(map(self._matches, own))

    def _matches(self, name: str) -> bool:
        return bool(self._patterns) and is_plain(name) and any(one.fullmatch(name) for one in self._patterns)


class ModelAccess:
    """Shared by all callers for whom it is the same, so that what follows from it is worked out once for them."""

    __slots__ = ("aliases", "levels", "team_aliases")

    def __init__(
        self, levels: tuple[Words, ...] = (), aliases: Aliases = NO_ALIASES, team_aliases: Aliases = NO_ALIASES
    ) -> None:
        """Args: levels: those that restrict anything."""
        self.levels, self.aliases, self.team_aliases = levels, aliases, team_aliases

    def stands_for(self, requested: str) -> tuple[str, str]:
        """What the key's alias makes of a name, and what the team's makes of that."""
        named = self.aliases.get(requested, requested)
        return named, self.team_aliases.get(named, named)


UNRESTRICTED = ModelAccess()
_shared: LRU[tuple[object, ...], ModelAccess] = LRU(MOST_SHARED)


def model_access(
    *,
    key: Sequence[str] = (),
    team: Sequence[str] = (),
    user: Sequence[str] = (),
    member: Sequence[str] = (),
    aliases: Aliases = NO_ALIASES,
    team_aliases: Aliases = NO_ALIASES,
    in_team: bool = False,
) -> ModelAccess:
    """The same object for the same words."""
    personal = [] if in_team and NONE_OF_OWN in user else user
    lists = (
        (Kind.KEY, [] if ALL_OF_TEAM in key else key),
        (Kind.TEAM, team),
        (Kind.TEAM, member),
        (Kind.USER, personal),
    )
    said = tuple((kind, frozenset(words)) for kind, words in lists if words and EVERYTHING.isdisjoint(words))
    if not (said or aliases or team_aliases):
        return UNRESTRICTED
    content = (said, frozenset(aliases.items()), frozenset(team_aliases.items()))
    found = _shared.get(content)
    if found is None:
        levels = tuple(Words(kind, words) for kind, words in said)
        found = ModelAccess(levels, MappingProxyType(dict(aliases)), MappingProxyType(dict(team_aliases)))
        _shared.put(content, found)
    return found
