"""`router_settings`, `litellm_settings` and `routeiq.auto` of a document -> `RoutingSettings`."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from routeiq.config.artifact_names import is_directory
from routeiq.config.document import Document
from routeiq.config.load import Loaded
from routeiq.config.state import ModelName, RoutingSettings
from routeiq.config.statuses import CooldownSettings

DEFAULT_RETRIES = 2
DEFAULT_TIMEOUT_S = 600.0
DEFAULT_ALLOWED_FAILS = 3
T = TypeVar("T")


def routing_settings(loaded: Loaded, models: tuple[ModelName, ...]) -> RoutingSettings:
    """All but the fallbacks and aliases. Args: models: those that `auto` chooses among."""
    document = loaded.document
    router, routeiq = document.router, document.routeiq
    auto, policies = routeiq.auto, router.model_group_retry_policy
    named = routeiq.artifact if routeiq.artifact and not is_directory(routeiq.artifact) else None
    return RoutingSettings(
        strategy=router.routing_strategy,
        auto_name=auto.name,
        auto_models=models,
        cost_weight=auto.weight,
        deadline_s=auto.deadline_ms / 1000,
        fallback_model=ModelName(auto.fallback) if auto.fallback else None,
        sticky=auto.sticky,
        switch_margin=auto.switch_margin,
        min_confidence=auto.min_confidence,
        max_novelty=auto.max_novelty,
        num_retries=_first(router.num_retries, document.litellm.num_retries, DEFAULT_RETRIES),
        retry_pause_s=router.retry_after,
        retries_by_status=MappingProxyType(router.retry_policy.by_status()),
        group_retries_by_status=MappingProxyType(
            {ModelName(name): MappingProxyType(policy.by_status()) for name, policy in policies.items()}
        ),
        cooldown=_cooldown(document),
        latency_buffer=router.routing_strategy_args.lowest_latency_buffer,
        latency_ttl_s=router.routing_strategy_args.ttl,
        timeout_s=_first(router.timeout, document.litellm.request_timeout, DEFAULT_TIMEOUT_S),
        artifact_dir=None if named else _artifact_dir(loaded),
        artifact=named,
    )


def _cooldown(document: Document) -> CooldownSettings:
    router, library = document.router, document.litellm
    return CooldownSettings(
        enabled=not router.disable_cooldowns,
        cooldown_s=router.cooldown_time,
        allowed_fails=_first(router.allowed_fails, library.allowed_fails, DEFAULT_ALLOWED_FAILS),
        by_status=MappingProxyType(router.allowed_fails_policy.by_status()),
    )


def _artifact_dir(loaded: Loaded) -> str | None:
    """Our own key must name a directory, because no suite can start without it. LiteLLM's `model_path` may name another
    machine's, and so may a document that was sent here: where it was read, there it was looked for."""
    own = loaded.document.routeiq.artifact
    given = own or loaded.document.router.routing_strategy_args.model_path
    if given is None or loaded.bundle is not None:
        return given
    path = (loaded.folder or Path.cwd()) / Path(given).expanduser()
    message = "is not a directory on this machine"
    if own and not path.is_dir():
        loaded.problems.error(("routeiq", "artifact"), message)
    elif not path.is_dir():
        loaded.problems.warning(("router_settings", "routing_strategy_args", "model_path"), message)
    return str(path)


def _first(own: T | None, other: T | None, default: T) -> T:
    """What the more specific section says, then the other, then the default."""
    return own if own is not None else other if other is not None else default
