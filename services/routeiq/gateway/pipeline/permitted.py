"""What a caller's model access comes to under a state: worked out once for a caller's access and a requested name.

`auto` and routed groups are for whoever may call some of their models, and choose among those; to be allowed `auto`
itself is to be allowed whatever it chooses. A name that a restricted key may not call is refused whether it exists or
not.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from routeiq.config.model_access import ModelAccess, Words
from routeiq.config.names import find_group, renamed
from routeiq.config.state import FallbackNames, Group, ModelName, State
from routeiq.gateway.callers.models import ModelDenied
from routeiq.gateway.pipeline.eligible import Choice, choices_of


class Permitted(msgspec.Struct, frozen=True):
    """What a name stands for. `group` None: `auto`, or nothing. `name`: what it comes to, of which `exists` says
    whether there is such a model. `candidates`: to which learned routing is confined; None: it is not."""

    name: str
    group: Group | None
    exists: bool
    candidates: frozenset[str] | None = None


def permitted(state: State, access: ModelAccess, requested: str) -> Permitted:
    """Raises: ModelDenied."""
    named, name = access.stands_for(requested)
    group = find_group(state, name)
    exists = group is not None or state.routing.is_auto(name)
    candidates = _confined(state, access, (requested, named, name), group, exists=exists)
    if group is not None and requested != name:
        group = renamed(group, ModelName(requested))
    return Permitted(name, group, exists, candidates)


def _confined(
    state: State, access: ModelAccess, names: tuple[str, str, str], group: Group | None, *, exists: bool
) -> frozenset[str] | None:
    """The candidates of learned routing that are left; None: nothing is taken away.

    Args: names: as requested, after the key's alias, after the team's.  Raises: ModelDenied."""
    if not access.levels:
        return None
    requested, *later = names
    candidates: frozenset[str] | None = None
    comes_to = {*later, *_meant(state, names[-1], group)}
    deployments = group.deployments if group is not None else ()
    for level in access.levels:
        if level.grants(requested, comes_to, deployments):
            continue
        left = _candidates(state, level, group) if exists else frozenset[str]()
        candidates = left if candidates is None else candidates & left
        if not candidates:
            raise ModelDenied(level.kind, requested)
    return candidates


def may_call(state: State, access: ModelAccess, name: str) -> bool:
    """Whether a request for `name` would be let in."""
    if not access.levels:
        return True
    try:
        permitted(state, access, name)
    except ModelDenied:
        return False
    return True


def may_be_served(state: State, access: ModelAccess, name: str, group: Group | None = None) -> bool:
    """Whether all of a model that the caller did not ask for may answer it. Its aliases say nothing about that.

    Args: group: None: the state's of that name."""
    group = group or state.named_group(name)
    try:
        return _confined(state, access, (name, name, name), group, exists=group is not None) is None
    except ModelDenied:
        return False


def permitted_fallbacks(state: State, access: ModelAccess, names: FallbackNames | None) -> FallbackNames | None:
    """Those of a name that the caller may call, too."""
    if names is None or not access.levels:
        return names

    def kept(groups: Iterable[ModelName]) -> tuple[ModelName, ...]:
        return tuple(group for group in groups if may_be_served(state, access, _serving(state, group)))

    return FallbackNames(kept(names.general), kept(names.context_window), kept(names.content_policy))


def _serving(state: State, name: ModelName) -> ModelName:
    """As a fallback `auto` is its fallback model."""
    routing = state.routing
    if state.named_group(name) is not None or not routing.is_auto(name):
        return name
    return routing.fallback_model or routing.auto_models[0]


def _meant(state: State, name: str, group: Group | None) -> Iterable[str]:
    """What the router's alias stands for, or the wildcard's own name."""
    if group is None:
        return (state.routing.auto_name,) if state.routing.is_auto(name) else ()
    return {one.entry for one in group.deployments if one.entry is not None}


def _candidates(state: State, level: Words, group: Group | None) -> frozenset[str]:
    """Of learned routing, those that the level knows."""
    if group is not None and not group.learned:
        return frozenset()
    return frozenset(choice.name for choice in choices_of(state, group) if _known(level, choice, alone=group is None))


def _known(level: Words, choice: Choice, *, alone: bool) -> bool:
    """Args: alone: a model of `auto`, which is public under its group's name."""
    if level.knows(choice.name):
        return True
    return alone and (level.knows(choice.first.group) or level.knows_one(choice.deployments))
