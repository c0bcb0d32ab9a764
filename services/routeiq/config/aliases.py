"""The further names of a document's groups, worked out once: aliases, and names that it asks of its own wildcards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from routeiq.config.document import Document
from routeiq.config.document.failover import entries
from routeiq.config.fallbacks import KINDS
from routeiq.config.names import is_pattern, match, renamed
from routeiq.config.state import Group, ModelName, ProviderAccess, Wildcard

Groups = Mapping[ModelName, Group]


@dataclass(frozen=True, slots=True)
class FurtherNames:
    """`listed`: the aliases that callers are shown. `auto`: those that stand for learned routing."""

    groups: Groups
    listed: tuple[ModelName, ...]
    auto: frozenset[ModelName]


def further_names(
    document: Document,
    groups: Groups,
    wildcards: Sequence[Wildcard],
    reach: Mapping[str, ProviderAccess],
    *,
    has_auto: bool,
) -> FurtherNames:
    """Args: has_auto: learned routing has models, so that an alias may stand for it."""
    named: dict[ModelName, Group] = {}
    auto = set[ModelName]()
    for alias, target in document.aliases.items():
        group = groups.get(ModelName(target.model)) or match(wildcards, reach, target.model)
        if has_auto and target.model == document.routeiq.auto.name:
            auto.add(ModelName(alias))
        elif group is not None:
            named[ModelName(alias)] = renamed(group, ModelName(alias))
    for name in _mentioned(document):
        found = None if name in groups or name in named else match(wildcards, reach, name)
        if found is not None:
            named[found.name] = found
    listed = tuple(ModelName(name) for name, target in document.aliases.items() if not target.hidden)
    return FurtherNames(
        MappingProxyType(named), tuple(name for name in listed if name in named or name in auto), frozenset(auto)
    )


def names_of(document: Document) -> frozenset[str]:
    """All names that a document gives a meaning, `auto` among them."""
    own = {*document.model_names, *document.aliases, document.routeiq.auto.name}
    return frozenset(own) | frozenset(_mentioned(document))


def _mentioned(document: Document) -> Iterator[str]:
    """What fallback lists name: chains are worked out for it, and a plan looks it up as it does any group."""
    for settings in (document.router, document.litellm):
        for kind in KINDS:
            for name, names, _ in entries(getattr(settings, kind), ()):
                yield from (name, *names) if not is_pattern(name) else names
        yield from settings.default_fallbacks or ()
