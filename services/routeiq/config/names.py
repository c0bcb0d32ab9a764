"""What a requested name stands for: an alias, a model of the document, or a model behind a wildcard, in that order.

As in LiteLLM, an alias wins over a model of its name, a name of the document over every wildcard, and the longest
pattern over the others. A name that only a wildcard knows is a caller's word, so its form and its provider are checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from routeiq.config.deployments import mode_of
from routeiq.config.price import NO_COSTS, merged, price_of
from routeiq.config.prices import ModelFacts
from routeiq.config.state import (
    ANY_PROVIDER,
    Deployment,
    Group,
    Mode,
    ModelName,
    ProviderAccess,
    State,
    Wildcard,
)
from routeiq.kit.globs import STAR, glob

MOST_STARS = 3
"""Of one pattern: each further one multiplies the ways in which a name can be read."""
DEFAULT_PROVIDER = "openai"
_PLAIN = re.compile(r"(?!.*\.\.)[A-Za-z0-9_.:/@+-]{1,200}")
"""It goes into headers, and with some providers into a path."""
_NOWHERE = frozenset({".", ".."})
"""Parts of a path that lead elsewhere, and that no escape keeps from it (RFC 3986, 6.2.2)."""
_UNKNOWN = ModelFacts()


def find_group(state: State, name: str) -> Group | None:
    """The group that serves `name`; None: nobody does, or `auto` does. A wildcard's is made anew at each call."""
    found = state.named_group(name)
    if found is not None or name == state.routing.auto_name or state.routing.is_auto(name):
        return found
    return match(state.wildcards, state.providers_in_reach, name)


def is_pattern(name: str) -> bool:
    return STAR in name


def by_specificity(patterns: Iterable[str]) -> list[str]:
    """Most specific first: longer ones, then those with fewer stars; the alphabet settles the rest."""
    return sorted(patterns, key=lambda pattern: (-len(pattern), pattern.count(STAR), pattern))


def matches(pattern: str, name: str) -> bool:
    """However many stars it has: those of keys' lists are anyone's."""
    return is_plain(name) and bool(glob(pattern).fullmatch(name))


def is_plain(name: str) -> bool:
    """Whether a wildcard may stand for it."""
    return _PLAIN.fullmatch(name) is not None


def match(wildcards: Sequence[Wildcard], reach: Mapping[str, ProviderAccess], name: str) -> Group | None:
    """The group of the first wildcard that matches `name` and can serve it."""
    for wildcard in wildcards:
        captured = _captured(wildcard.pattern, name)
        if captured is not None:
            filled = (
                _filled(one, ModelName(name), captured, wildcard.facts, reach) for one in wildcard.group.deployments
            )
            members = tuple(one for one in filled if one is not None)
            return Group(ModelName(name), members) if members else None
    return None


def renamed(group: Group, name: ModelName) -> Group:
    """The same deployments under another name. Answers then say that name."""
    members = tuple(replace(one, group=name, entry=one.entry or one.group) for one in group.deployments)
    return Group(name, members, group.learned)


def _captured(pattern: str, name: str) -> Sequence[str] | None:
    """What stands for each star, the earlier ones as long as possible; None: no match."""
    found = _regex(pattern).fullmatch(name) if _PLAIN.fullmatch(name) else None
    return found.groups() if found else None


@lru_cache(maxsize=1024)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile("(.*)".join(map(re.escape, pattern.split(STAR))))


def _filled(
    template: Deployment,
    name: ModelName,
    captured: Sequence[str],
    facts: Mapping[str, ModelFacts],
    reach: Mapping[str, ProviderAccess],
) -> Deployment | None:
    """The deployment for `name`; None: its provider cannot be called, or not for such a model."""
    model = template.model
    for text in captured:
        model = model.replace(STAR, text, 1)
    if not _NOWHERE.isdisjoint(model.split("/")):
        return None
    one = replace(template, group=name, candidate=name, model=model, entry=template.entry or template.group)
    if template.provider == ANY_PROVIDER:
        found = _provided(one, reach)
        if found is None:
            return None
        one = found
    return _informed(one, facts.get(f"{one.provider}/{one.model}", _UNKNOWN)) if one.model else None


def _provided(one: Deployment, reach: Mapping[str, ProviderAccess]) -> Deployment | None:
    """With the provider that its name says. A key of the entry goes only to an address of the entry."""
    first, slash, rest = one.model.partition("/")
    provider, model = (first, rest) if slash and first in reach else (DEFAULT_PROVIDER, one.model)
    if one.api_base is not None:
        return replace(one, provider=provider, model=model)
    access = reach.get(provider)
    if access is None or (slash and first not in reach):
        return None
    return replace(one, provider=provider, model=model, api_base=access.api_base, api_key=access.api_key)


def _informed(one: Deployment, facts: ModelFacts) -> Deployment:
    """With what is publicly known where the entry says nothing."""
    return replace(
        one,
        mode=mode_of(facts.mode) if one.mode is Mode.OTHER and facts.mode else one.mode,
        input_price=facts.input_price if one.input_price is None else one.input_price,
        output_price=facts.output_price if one.output_price is None else one.output_price,
        max_input_tokens=one.max_input_tokens or facts.max_input_tokens,
        supports_tools=facts.supports_tools if one.supports_tools is None else one.supports_tools,
        supports_vision=facts.supports_vision if one.supports_vision is None else one.supports_vision,
        price=price_of(merged(one.price.said if one.price else NO_COSTS, facts.costs), one.provider),
    )
