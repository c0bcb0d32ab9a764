"""A loaded document -> the `State` that services work from. Pure but for reading LiteLLM's price file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from routeiq.config.aliases import FurtherNames, further_names
from routeiq.config.candidates import candidates_of, over
from routeiq.config.credentials import find_base, find_key, in_reach
from routeiq.config.deployments import build_deployment, chooses_provider, price_key, split_model
from routeiq.config.document import Document, Listed
from routeiq.config.document.strategies import is_learned
from routeiq.config.fallbacks import build_fallbacks
from routeiq.config.groups import Grouped, auto_models, candidate_name, check_names, differ, grouped, weights
from routeiq.config.load import Loaded, load
from routeiq.config.names import by_specificity, is_pattern
from routeiq.config.prices import ModelFacts, facts_of_providers, read_facts
from routeiq.config.problems import Problems
from routeiq.config.providers import known_providers, unknown_provider
from routeiq.config.reads import Reads
from routeiq.config.routing_settings import routing_settings
from routeiq.config.scalars import JSONObject, JSONValue
from routeiq.config.state import (
    ANY_PROVIDER,
    Deployment,
    DeploymentId,
    FallbackNames,
    Group,
    Mode,
    ModelName,
    ProviderAccess,
    RoutingSettings,
    State,
    Wildcard,
)

ENCODER = ModelName("all-MiniLM-L6-v2")
"""The embedding model that the routing service serves itself: provider `routeiq`."""
_MiB = 1024 * 1024
Groups = Mapping[ModelName, Group]


def load_state(path: Path, environ: Mapping[str, str]) -> State:
    """Load and build in one step. Raises: ConfigurationError: every error of the document."""
    return build(load(path, environ), environ)


def build(loaded: Loaded, environ: Mapping[str, str], *, price_file: Path | None = None) -> State:
    """The state of a document.

    Args: environ: where keys and addresses stand that the document leaves to the environment (`credentials`).
    price_file: None: the one of the installed litellm; read only if a model's price or capability is not declared.
    Raises: ConfigurationError: every error, those that only the whole shows (candidate names) included.
    """
    reads = Reads({**loaded.own_variables, **environ})
    state = _Builder(loaded, reads, price_file).state()
    loaded.problems.raise_errors()
    return state


def version_of(raw: JSONObject) -> str:
    """`c<12 hex>.s0`: a hash of the document as written, whatever its format, order of keys and environment."""
    text = json.dumps(raw, sort_keys=True, separators=(",", ":"))
    return f"c{hashlib.sha256(text.encode()).hexdigest()[:12]}.s0"


@dataclass(frozen=True, slots=True)
class _Builder:
    loaded: Loaded
    environ: Reads
    price_file: Path | None

    @property
    def document(self) -> Document:
        return self.loaded.document

    @property
    def problems(self) -> Problems:
        return self.loaded.problems

    def state(self) -> State:
        members = grouped(self.document.models)
        facts = self._facts()
        self._check_providers()
        built = {ModelName(name): self._group(name, entries, facts) for name, entries in members.items()}
        self._check_modes(built, members)
        groups = {name: group for name, group in built.items() if not is_pattern(name)}
        chat = {str(name): members[name] for name, group in groups.items() if group.mode is Mode.CHAT}
        routing = self._routing(chat)
        if self.document.routeiq.embeddings:
            groups.setdefault(ENCODER, Group(ENCODER, (_encoder(),)))
        reach, wildcards = self._wildcards(built)
        names = further_names(self.document, groups, wildcards, reach, has_auto=bool(routing.auto_models))
        fallbacks = self._fallbacks(groups, wildcards, names, routing)
        self._warn_of_variables()
        return State(
            version=version_of(self.loaded.raw),
            groups=MappingProxyType(groups),
            routing=replace(routing, fallbacks=fallbacks, auto_aliases=names.auto),
            named=names.groups,
            listed_aliases=names.listed,
            wildcards=wildcards,
            providers_in_reach=reach,
            master_key=self.document.general.master_key,
            body_limit_bytes=int(self.document.routeiq.body_limit_mb * _MiB),
            warnings=tuple(str(problem) for problem in self.problems.warnings),
        )

    def _wildcards(self, built: Groups) -> tuple[Mapping[str, ProviderAccess], tuple[Wildcard, ...]]:
        """What is known of the models behind them is read now, because a request must not wait for it."""
        patterns = [ModelName(name) for name in by_specificity(filter(is_pattern, built))]
        providers = {one.provider for pattern in patterns for one in built[pattern].deployments}
        reach = self._reach() if ANY_PROVIDER in providers else {}
        facts = MappingProxyType(facts_of_providers((providers | reach.keys()) - {ANY_PROVIDER}, self.price_file))
        return MappingProxyType(reach), tuple(Wildcard(built[pattern], facts) for pattern in patterns)

    def _reach(self) -> dict[str, ProviderAccess]:
        names = known_providers(self.price_file) - {"simulated", "routeiq"}
        return {
            name: ProviderAccess(find_base(name, self.environ), find_key(name, self.environ))
            for name in sorted(names)
            if in_reach(name, self.environ)
        }

    def _warn_of_variables(self) -> None:
        """Of the document's own, those that nothing has read by now."""
        for name in self.loaded.own_variables.keys() - self.loaded.read_variables - self.environ.names:
            message = f"only `os.environ/{name}` in this document would read it; it is not exported to the process"
            self.problems.warning(("environment_variables", name), message)

    def _check_providers(self) -> None:
        for listed in self.document.models:
            params = listed.entry.litellm_params
            at = (*listed.at, "litellm_params", "custom_llm_provider" if params.custom_llm_provider else "model")
            first, slash, rest = params.model.partition("/")
            if is_pattern(listed.entry.model_name) and chooses_provider(params):
                continue
            if slash and not rest and params.custom_llm_provider in (None, first):
                self.problems.error((*listed.at, "litellm_params", "model"), "names no model after the slash")
            elif message := unknown_provider(split_model(params)[0], self.price_file):
                self.problems.warning(at, message)

    def _facts(self) -> Mapping[int, ModelFacts]:
        """By position in `model_list`."""
        keys = {listed.position: key for listed in self.document.models if (key := price_key(listed.entry))}
        found = read_facts(keys.values(), self.price_file)
        path = self.document.router.routing_strategy_args.llm_data_path
        said = candidates_of(path, self.loaded.folder, self.problems)
        public = {position: found.get(key) for position, key in keys.items()}
        facts = {one.position: over(said.of(one), public.get(one.position)) for one in self.document.models}
        said.warn_of_unused()
        return facts

    def _group(self, name: str, entries: Sequence[Listed], facts: Mapping[int, ModelFacts]) -> Group:
        own = differ(entries) and not is_pattern(name)
        learned = own and is_learned(self.document.router.routing_strategy)
        if learned:
            check_names(entries, self.problems)
        built: dict[DeploymentId, Deployment] = {}
        for listed, weight in zip(entries, weights(entries), strict=True):
            candidate = candidate_name(listed, own=own)
            one = build_deployment(
                listed, self._raw(listed), candidate, weight, facts.get(listed.position), self.environ, self.problems,
                stream_timeout_s=self.document.router.stream_timeout,
            )  # fmt: skip
            if one.id in built:
                self.problems.warning(listed.at, "repeats an earlier entry in everything and is left out")
            built.setdefault(one.id, one)
        return Group(ModelName(name), tuple(built.values()), learned)

    def _raw(self, listed: Listed) -> JSONValue:
        models = self.loaded.raw.get("model_list")
        return models[listed.position] if isinstance(models, list) else None

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
        models = () if taken else auto_models(self.document, chat, self.problems)
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
