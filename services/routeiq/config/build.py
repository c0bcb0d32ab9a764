"""A loaded document -> the `State` that services work from. Pure but for reading LiteLLM's price file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from routeiq.config.added import Added
from routeiq.config.aliases import FurtherNames, further_names, names_of
from routeiq.config.document import Document
from routeiq.config.fallbacks import build_fallbacks
from routeiq.config.group_builder import GroupBuilder
from routeiq.config.groups import Grouped, auto_models, grouped
from routeiq.config.joining import Joining
from routeiq.config.load import Loaded, load
from routeiq.config.names import by_specificity, is_pattern
from routeiq.config.problems import Problems
from routeiq.config.provided import provided, provider_names
from routeiq.config.provider_entries import build_provider, document_overrides, document_providers
from routeiq.config.reads import Reads
from routeiq.config.routing_settings import routing_settings
from routeiq.config.scalars import JSONObject
from routeiq.config.state import (
    Deployment,
    DeploymentId,
    FallbackNames,
    Group,
    Mode,
    ModelName,
    ProviderEntry,
    RoutingSettings,
    State,
    Wildcard,
)
from routeiq.config.wildcards import providers_in_reach, wildcards_of
from routeiq.kit.outbound import Origin

ENCODER = ModelName("all-MiniLM-L6-v2")
"""The embedding model that the routing service serves itself: provider `routeiq`."""
_MiB = 1024 * 1024
Groups = dict[ModelName, Group]


def load_state(path: Path, environ: Mapping[str, str]) -> State:
    """Load and build in one step. Raises: ConfigurationError: every error of the document."""
    return build(load(path, environ), environ)


def build(loaded: Loaded, environ: Mapping[str, str], *, price_file: Path | None = None) -> State:
    """The state of a document.

    Args: environ: where keys and addresses stand that the document leaves to the environment (`credentials`).
    price_file: None: the one of the installed litellm; read unless no model can be in it.
    Raises: ConfigurationError: every error, those that only the whole shows (candidate names) included.
    """
    return assemble(loaded, environ, price_file, Added())


def version_of(raw: JSONObject) -> str:
    """`c<12 hex>`: a hash of the document as written, whatever its format, order of keys and environment."""
    text = json.dumps(raw, sort_keys=True, separators=(",", ":"))
    return f"c{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def assemble(loaded: Loaded, environ: Mapping[str, str], price_file: Path | None, added: Added) -> State:
    """`build` with entries from elsewhere beside the document's."""
    reads = Reads({**loaded.own_variables, **environ})
    state = _Builder(loaded, reads, price_file, added, GroupBuilder(loaded, reads, price_file)).state()
    loaded.problems.raise_errors()
    return state


@dataclass(frozen=True, slots=True)
class _Builder:
    loaded: Loaded
    environ: Reads
    price_file: Path | None
    added: Added
    groups: GroupBuilder

    @property
    def document(self) -> Document:
        return self.loaded.document

    @property
    def problems(self) -> Problems:
        return self.loaded.problems

    def state(self) -> State:
        own, further, members = self._built()
        groups = {name: group for name, group in (own | further).items() if not is_pattern(name)}
        routing = self._routing({str(name): members[name] for name, one in groups.items() if one.mode is Mode.CHAT})
        if self.document.routeiq.embeddings:
            groups.setdefault(ENCODER, Group(ENCODER, (_encoder(),)))
        wildcards = wildcards_of([*_patterns(own), *_patterns(further)], self.price_file)
        reach = providers_in_reach(wildcards, self.environ, self.price_file)
        names = further_names(self.document, groups, wildcards, reach, has_auto=bool(routing.auto_models))
        fallbacks = self._fallbacks(groups, wildcards, names, routing)
        providers = self._providers()
        self._warn_of_variables()
        return State(
            version=f"{version_of(self.loaded.raw)}.s{self.added.version}",
            groups=MappingProxyType(groups),
            routing=replace(routing, fallbacks=fallbacks, auto_aliases=names.auto),
            named=names.groups,
            listed_aliases=names.listed,
            wildcards=wildcards,
            providers_in_reach=reach,
            providers=providers,
            provided=MappingProxyType(provided(providers, groups, names, _patterns(own))),
            overrides=document_overrides(self.document),
            has_overrides=self.added.has_overrides or bool(self.document.routeiq.overrides),
            master_key=self.document.general.master_key,
            body_limit_bytes=int(self.document.routeiq.body_limit_mb * _MiB),
            warnings=tuple(str(problem) for problem in self.problems.warnings),
        )

    def _built(self) -> tuple[Groups, Groups, Grouped]:
        """(the document's groups with who joined them, the added ones, the entries of both by group), wildcards among
        them."""
        members = grouped(self.document.models)
        facts = self.groups.facts((*self.document.models, *self.added.models))
        own = {
            ModelName(name): self.groups.group(name, entries, facts, self.problems) for name, entries in members.items()
        }
        self._check_modes(own, members)
        ids = {one.id for group in own.values() for one in group.deployments}
        plain = {name for name in own if not is_pattern(name) and name not in self.document.aliases}
        names = names_of(self.document) | provider_names(self.document) | {ENCODER}
        fitting, joining = self.added.fitting(names, ids, plain)
        further = self.added.groups(fitting, self.groups, facts)
        own = Joining(self.groups, members, facts, self.added.problems).into(own, joining)
        return own, further, {**members, **grouped(fitting)}

    def _providers(self) -> tuple[ProviderEntry, ...]:
        """The document's, then those added whose names are not among them."""
        own = document_providers(self.document, self.environ, self.price_file, self.problems)
        taken = {one.name for one in own}
        built = list(own)
        for at, one in self.added.providers:
            if one.name in taken:
                self.added.problems.error(at, "is left out: its name belongs to the configuration document")
            else:
                built.append(build_provider(one, at, self.environ, self.price_file, Origin.OPERATOR))
        return tuple(built)

    def _warn_of_variables(self) -> None:
        """Of the document's own, those that nothing has read by now."""
        for name in sorted(self.loaded.own_variables.keys() - self.loaded.read_variables - self.environ.names):
            message = f"only `os.environ/{name}` in this document would read it; it is not exported to the process"
            self.problems.warning(("environment_variables", name), message)

    def _check_modes(self, groups: Mapping[ModelName, Group], members: Grouped) -> None:
        for group in groups.values():
            if len({one.mode for one in group.deployments}) > 1:
                self.problems.warning(
                    members[group.name][0].at, f"the group {group.name} mixes modes; it serves {group.mode.value}"
                )
        for position, name in enumerate(self.document.routeiq.auto.models or ()):
            found = groups.get(ModelName(name))
            if found is not None and found.mode is not Mode.CHAT:
                self.problems.error(
                    ("routeiq", "auto", "models", position), f"is not a chat model: its mode is {found.mode.value}"
                )

    def _routing(self, chat: Grouped) -> RoutingSettings:
        auto = self.document.routeiq.auto
        taken = auto.name in self.document.model_names or auto.name in self.document.aliases
        models = () if taken else auto_models(self.document, chat, self.problems, self.added.problems)
        self._check_fallback(auto.fallback, models)
        return routing_settings(self.loaded, tuple(ModelName(name) for name in models))

    def _fallbacks(
        self, groups: Groups, wildcards: Iterable[Wildcard], names: FurtherNames, routing: RoutingSettings
    ) -> Mapping[ModelName, FallbackNames]:
        """A wildcard counts as chat where its entries do not say: the endpoint is looked at when a request comes."""
        modes = {name: group.mode for name, group in (*groups.items(), *names.groups.items())}
        if routing.auto_models:
            modes |= dict.fromkeys((ModelName(routing.auto_name), *names.auto), Mode.CHAT)
        modes |= {ModelName(one.pattern): one.group.mode for one in wildcards}
        modes = {name: Mode.CHAT if mode is Mode.OTHER and _open(name, names) else mode for name, mode in modes.items()}
        return build_fallbacks(self.document, modes, names.groups.keys() | names.auto, self.problems)

    def _check_fallback(self, fallback: str | None, models: tuple[str, ...]) -> None:
        if fallback is not None and fallback in self.document.model_names and fallback not in models:
            self.problems.error(("routeiq", "auto", "fallback"), "is not one of the models that auto chooses among")


def _patterns(groups: Groups) -> list[Group]:
    """The wildcards among them, most specific first."""
    return [groups[ModelName(name)] for name in by_specificity(filter(is_pattern, groups))]


def _open(name: ModelName, names: FurtherNames) -> bool:
    """Whether the name is a wildcard's or was found by one."""
    entry = names.groups[name].deployments[0].entry if name in names.groups else name
    return entry is not None and is_pattern(entry)


def _encoder() -> Deployment:
    return Deployment(
        id=DeploymentId(ENCODER),
        group=ENCODER,
        provider="routeiq",
        model=ENCODER,
        candidate=ENCODER,
        mode=Mode.EMBEDDING,
        max_input_tokens=256,
    )
