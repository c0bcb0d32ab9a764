"""A loaded document -> the `State` that services work from. Pure but for reading LiteLLM's price file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from routeiq.config.deployments import build_deployment, price_key, split_model
from routeiq.config.document import Document, Listed
from routeiq.config.document.strategies import is_learned
from routeiq.config.fallbacks import build_fallbacks
from routeiq.config.groups import Grouped, auto_models, candidate_name, check_names, differ, grouped, weights
from routeiq.config.load import Loaded, load
from routeiq.config.prices import ModelFacts, read_facts
from routeiq.config.problems import Problems
from routeiq.config.providers import unknown_provider
from routeiq.config.scalars import JSONObject, JSONValue
from routeiq.config.state import (
    CooldownSettings,
    Deployment,
    DeploymentId,
    FallbackNames,
    Group,
    Mode,
    ModelName,
    RoutingSettings,
    State,
)

DEFAULT_RETRIES = 2
DEFAULT_TIMEOUT_S = 600.0
DEFAULT_ALLOWED_FAILS = 3
ENCODER = ModelName("all-MiniLM-L6-v2")
"""The embedding model that the routing service serves itself: provider `routeiq`."""
_MiB = 1024 * 1024
T = TypeVar("T")


def load_state(path: Path, environ: Mapping[str, str]) -> State:
    """Load and build in one step. Raises: ConfigurationError: every error of the document."""
    return build(load(path, environ), environ)


def build(loaded: Loaded, environ: Mapping[str, str], *, price_file: Path | None = None) -> State:
    """The state of a document.

    Args: environ: where keys and addresses stand that the document leaves to the environment (`credentials`).
    price_file: None: the one of the installed litellm; read only if a model's price or capability is not declared.
    Raises: ConfigurationError: every error, those that only the whole shows (candidate names) included.
    """
    state = _Builder(loaded, environ, price_file).state()
    loaded.problems.raise_errors()
    return state


def version_of(raw: JSONObject) -> str:
    """`c<12 hex>.s0`: a hash of the document as written, whatever its format, order of keys and environment."""
    text = json.dumps(raw, sort_keys=True, separators=(",", ":"))
    return f"c{hashlib.sha256(text.encode()).hexdigest()[:12]}.s0"


@dataclass(frozen=True, slots=True)
class _Builder:
    loaded: Loaded
    environ: Mapping[str, str]
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
        groups = {ModelName(name): self._group(name, entries, facts) for name, entries in members.items()}
        self._check_modes(groups, members)
        chat = {name: entries for name, entries in members.items() if groups[ModelName(name)].mode is Mode.CHAT}
        routing = self._routing(chat)
        if self.document.routeiq.embeddings:
            groups.setdefault(ENCODER, Group(ENCODER, (_encoder(),)))
        routing = replace(routing, fallbacks=self._fallbacks(groups, routing))
        return State(
            version=version_of(self.loaded.raw),
            groups=MappingProxyType(groups),
            routing=routing,
            master_key=self.document.general.master_key,
            body_limit_bytes=int(self.document.routeiq.body_limit_mb * _MiB),
            warnings=tuple(str(problem) for problem in self.problems.warnings),
        )

    def _check_providers(self) -> None:
        for listed in self.document.models:
            params = listed.entry.litellm_params
            at = (*listed.at, "litellm_params", "custom_llm_provider" if params.custom_llm_provider else "model")
            first, slash, rest = params.model.partition("/")
            if slash and not rest and params.custom_llm_provider in (None, first):
                self.problems.error((*listed.at, "litellm_params", "model"), "names no model after the slash")
            elif message := unknown_provider(split_model(params)[0], self.price_file):
                self.problems.warning(at, message)

    def _facts(self) -> Mapping[int, ModelFacts]:
        """By position in `model_list`."""
        keys = {listed.position: key for listed in self.document.models if (key := price_key(listed.entry))}
        found = read_facts(keys.values(), self.price_file)
        return {position: found[key] for position, key in keys.items() if key in found}

    def _group(self, name: str, entries: Sequence[Listed], facts: Mapping[int, ModelFacts]) -> Group:
        own = differ(entries)
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
        router, routeiq = self.document.router, self.document.routeiq
        auto = routeiq.auto
        taken = auto.name in self.document.model_names
        models = () if taken else auto_models(self.document, chat, self.problems)
        self._check_fallback(auto.fallback, models)
        policies = router.model_group_retry_policy
        return RoutingSettings(
            strategy=router.routing_strategy,
            auto_name=auto.name,
            auto_models=tuple(ModelName(name) for name in models),
            cost_weight=auto.weight,
            deadline_s=auto.deadline_ms / 1000,
            fallback_model=ModelName(auto.fallback) if auto.fallback else None,
            sticky=auto.sticky,
            switch_margin=auto.switch_margin,
            min_confidence=auto.min_confidence,
            max_novelty=auto.max_novelty,
            num_retries=_first(router.num_retries, self.document.litellm.num_retries, DEFAULT_RETRIES),
            retry_pause_s=router.retry_after,
            retries_by_status=MappingProxyType(router.retry_policy.by_status()),
            group_retries_by_status=MappingProxyType(
                {ModelName(name): MappingProxyType(policy.by_status()) for name, policy in policies.items()}
            ),
            cooldown=self._cooldown(),
            latency_buffer=router.routing_strategy_args.lowest_latency_buffer,
            latency_ttl_s=router.routing_strategy_args.ttl,
            timeout_s=_first(router.timeout, self.document.litellm.request_timeout, DEFAULT_TIMEOUT_S),
            artifact_dir=self._artifact(routeiq.artifact or router.routing_strategy_args.model_path),
        )

    def _cooldown(self) -> CooldownSettings:
        router, library = self.document.router, self.document.litellm
        return CooldownSettings(
            enabled=not router.disable_cooldowns,
            cooldown_s=router.cooldown_time,
            allowed_fails=_first(router.allowed_fails, library.allowed_fails, DEFAULT_ALLOWED_FAILS),
            by_status=MappingProxyType(router.allowed_fails_policy.by_status()),
        )

    def _fallbacks(
        self, groups: Mapping[ModelName, Group], routing: RoutingSettings
    ) -> Mapping[ModelName, FallbackNames]:
        modes = {name: group.mode for name, group in groups.items()}
        if routing.auto_models:
            modes.setdefault(ModelName(routing.auto_name), Mode.CHAT)
        return build_fallbacks(self.document, modes, self.problems)

    def _check_fallback(self, fallback: str | None, models: tuple[str, ...]) -> None:
        if fallback is not None and fallback in self.document.model_names and fallback not in models:
            self.problems.error(("routeiq", "auto", "fallback"), "is not one of the models that auto chooses among")

    def _artifact(self, given: str | None) -> str | None:
        if given is None:
            return None
        path = (self.loaded.folder or Path.cwd()) / Path(given).expanduser()
        if not path.is_dir():
            self._refuse_artifact()
        return str(path)

    def _refuse_artifact(self) -> None:
        """Our own key is an error: no suite can start with it. LiteLLM's `model_path` may name another machine's."""
        message = "is not a directory on this machine"
        if self.document.routeiq.artifact:
            self.problems.error(("routeiq", "artifact"), message)
        else:
            self.problems.warning(("router_settings", "routing_strategy_args", "model_path"), message)


def _first(own: T | None, other: T | None, default: T) -> T:
    """What the more specific section says, then the other, then the default."""
    return own if own is not None else other if other is not None else default


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
