"""The fallback lists of a document: references checked, chains worked out once, so that a request only looks them up.

As in LiteLLM, `router_settings` wins over `litellm_settings`, a group's own list over `"*"`, and a fallback that fails
leads to its own fallbacks before the next of the list. A chain names each group once and ends at `max_fallbacks`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType

from routeiq.config.document import Document
from routeiq.config.document.failover import DEFAULT_KEY, FallbackList, entries
from routeiq.config.known_names import check_name
from routeiq.config.problems import Location, Problems
from routeiq.config.state import FallbackNames, Mode, ModelName

KINDS = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
SECTIONS = ("router_settings", "litellm_settings")
Chains = Mapping[str, tuple[str, ...]]
Modes = Mapping[ModelName, Mode]


def check_fallbacks(document: Document, problems: Problems) -> None:
    """Every name must exist; a fallback to itself is a warning. Retry policies of groups are checked with them."""
    for section, settings in ((SECTIONS[0], document.router), (SECTIONS[1], document.litellm)):
        for kind in KINDS:
            for name, names, at in entries(getattr(settings, kind), (section, kind)):
                _check_list(name, names, at, document, problems)
        for position, name in enumerate(settings.default_fallbacks or ()):
            check_name(name, document, (section, "default_fallbacks", position), problems)
    for name in document.router.model_group_retry_policy:
        check_name(name, document, ("router_settings", "model_group_retry_policy", name), problems)


def _check_list(name: str, names: tuple[str, ...], at: Location, document: Document, problems: Problems) -> None:
    if name != DEFAULT_KEY:
        check_name(name, document, at, problems)
    for position, fallback in enumerate(names):
        if fallback == name:
            problems.warning((*at, position), "is a fallback to itself and is left out; num_retries repeats a group")
        else:
            check_name(fallback, document, (*at, position), problems)


def build_fallbacks(
    document: Document, modes: Modes, further: Collection[ModelName], problems: Problems
) -> Mapping[ModelName, FallbackNames]:
    """By requested name, for those that have any; a fallback that serves something else is left out.

    Args: modes: of every name that can be asked for, `auto`'s included.  further: those of them that are other names of
    a group: without lists of their own they have the group's.
    """
    _check_modes(document, modes, problems)
    general, context, content = (_Lists.of(document, kind) for kind in KINDS)
    limit = document.router.max_fallbacks
    found = {}
    for name in modes:
        if name in further and not any(name in one.own for one in (general, context, content)):
            continue
        chains = [one.chain(name, limit, modes) for one in (general, context, content)]
        if any(chains):
            found[name] = FallbackNames(*chains)
    return MappingProxyType(found)


def _check_modes(document: Document, modes: Modes, problems: Problems) -> None:
    for section, settings in ((SECTIONS[0], document.router), (SECTIONS[1], document.litellm)):
        for kind in KINDS:
            for name, names, at in entries(getattr(settings, kind), (section, kind)):
                for position, fallback in enumerate(names):
                    own = modes.get(ModelName(name)) if name != DEFAULT_KEY else None
                    other = modes.get(ModelName(fallback))
                    if own is not None and other is not None and own is not other:
                        problems.warning((*at, position), f"is left out: it serves {other.value}, not {own.value}")


@dataclass(frozen=True, slots=True)
class _Lists:
    """One kind of list: of single models, and for all others."""

    own: Chains
    default: tuple[str, ...]

    @classmethod
    def of(cls, document: Document, kind: str) -> _Lists:
        given: FallbackList | None = getattr(document.router, kind)
        if given is None:
            given = getattr(document.litellm, kind)
        own = {name: names for name, names, _ in reversed(list(entries(given, ())))}
        default = own.pop(DEFAULT_KEY, ())
        if kind == "fallbacks" and not default:
            default = document.router.default_fallbacks or document.litellm.default_fallbacks or ()
        return cls(own, default)

    def chain(self, name: ModelName, limit: int, modes: Modes) -> tuple[ModelName, ...]:
        """Depth first, each once. A fallback's own list counts, `"*"` only for the model that was asked for."""
        walk = self._walk(self.own.get(name, self.default), {name})
        fitting = (ModelName(one) for one in walk if modes.get(ModelName(one)) is modes[name])
        return tuple(islice(fitting, limit))

    def _walk(self, names: tuple[str, ...], seen: set[str]) -> Iterator[str]:
        for one in names:
            if one not in seen:
                seen.add(one)
                yield one
                yield from self._walk(self.own.get(one, ()), seen)
