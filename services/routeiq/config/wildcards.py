"""The wildcards of a state, with all that a request for one of their models must not wait for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from routeiq.config.credentials import find_base, find_key, in_reach
from routeiq.config.prices import facts_of_providers
from routeiq.config.providers import known_providers
from routeiq.config.state import ANY_PROVIDER, Group, ProviderAccess, Wildcard

OWN = frozenset({"simulated", "routeiq"})
"""What no requested name may choose as its provider."""


def wildcards_of(groups: Sequence[Group], price_file: Path | None) -> tuple[Wildcard, ...]:
    """In the given order. The price file is read if there are any."""
    providers = {one.provider for group in groups for one in group.deployments}
    wanted = known_providers(price_file) - OWN if ANY_PROVIDER in providers else providers
    facts = MappingProxyType(facts_of_providers(wanted, price_file))
    return tuple(Wildcard(group, facts) for group in groups)


def providers_in_reach(
    wildcards: Sequence[Wildcard], environ: Mapping[str, str], price_file: Path | None
) -> Mapping[str, ProviderAccess]:
    """What a requested name may choose, if one of them lets it."""
    if not any(one.provider == ANY_PROVIDER for wildcard in wildcards for one in wildcard.group.deployments):
        return MappingProxyType({})
    return MappingProxyType(
        {
            name: ProviderAccess(find_base(name, environ), find_key(name, environ))
            for name in sorted(known_providers(price_file) - OWN)
            if in_reach(name, environ)
        }
    )
