"""The models of providers, by the names that OpenAI's paths call them: `<provider>/<model>`.

Any other meaning of a name goes before. What was added by API never takes a name that a wildcard of the document has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from routeiq.config.aliases import FurtherNames
from routeiq.config.document import Document
from routeiq.config.names import matches
from routeiq.config.state import Group, ModelName, ProviderEntry
from routeiq.kit.outbound import Origin


def provider_names(document: Document) -> frozenset[str]:
    """Of a document's own providers' models."""
    return frozenset(f"{one.name}/{model}" for one in document.routeiq.providers for model in one.models)


def provided(
    providers: Sequence[ProviderEntry],
    groups: Mapping[ModelName, Group],
    names: FurtherNames,
    patterns: Sequence[Group],
) -> dict[ModelName, Group]:
    """Args: patterns: the document's wildcards."""
    found = dict[ModelName, Group]()
    for provider in providers:
        for model in provider.models if provider.is_enabled else ():
            name = model.group
            taken = name in groups or name in names.groups or name in names.auto
            added = provider.origin is not Origin.DOCUMENT
            if not taken and not (added and any(matches(pattern.name, name) for pattern in patterns)):
                found[name] = Group(name, (model,))
    return found
