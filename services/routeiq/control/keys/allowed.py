"""Which fields of a key somebody who is no administrator may set, and how far. What is not named here only
administrators set: a new field of LiteLLM's is closed until somebody opens it.

A field that is sent as it already is changes nothing, and is nobody's matter: dashboards send whole rows back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from routeiq.control.keys.ceiling import SAFE_PRESETS, Ceiling
from routeiq.control.keys.fields import BACKED, PERMISSIONS, SERVICE_ACCOUNT
from routeiq.control.keys.refusals import INTERNAL, admins_only, beyond_own, wrapped
from routeiq.control.keys.rows import current, expiry
from routeiq.control.keys.shapes import GenerateKey, KeyFields, KeyType
from routeiq.control.store.tables import Key
from routeiq.kit.money import from_usd, to_usd

FREE = frozenset(
    {
        "key", "new_key", "grace_period", "key_alias", "tags", "rpm_limit_type", "tpm_limit_type", "soft_budget",
        "send_invite_email", "auto_rotate", "rotation_interval", "allowed_cache_controls", "enable_prompt_caching",
    }
)  # fmt: skip
"""They give nobody anything."""

HOLDERS = frozenset({"user_id", "team_id"})
"""Whose key it is: `holding` decides."""

LIMITS = ("rpm_limit", "tpm_limit", "max_parallel_requests")


def check_fields(body: KeyFields, row: Key | None, ceiling: Ceiling, now: datetime) -> None:
    """Args: row: None: the key is being made.  Raises: Refused: what is asked for is not the caller's to give."""
    before = current(row)
    for name, value in body.model_dump(mode="json", exclude_unset=True).items():
        was = before.get(name)
        if name in FREE or name in HOLDERS or _same(value, was) or (value is None and name in BACKED):
            continue
        rule = RULES.get(name)
        if rule is None:
            raise admins_only(name)
        rule(value, was, ceiling, now)


def inherited(body: GenerateKey, ceiling: Ceiling, now: datetime) -> GenerateKey:
    """A new key is held to what holds the one that asked for it."""
    sent = body.model_dump(exclude_unset=True)
    found = {name: value for name, value in _of_the_asking_key(ceiling, now).items() if not _nothing(value)}
    own = {name: value for name, value in found.items() if _nothing(sent.get(name))}
    if body.key_type not in (None, KeyType.DEFAULT):
        own.pop("allowed_routes", None)
    return GenerateKey.model_validate({**sent, **own})


def _of_the_asking_key(ceiling: Ceiling, now: datetime) -> dict[str, Any]:
    found: dict[str, Any] = {"models": list(ceiling.key_models), "allowed_routes": list(ceiling.routes)}
    if ceiling.key_max_nano_usd is not None:
        found |= {"max_budget": to_usd(ceiling.key_max_nano_usd), "budget_duration": ceiling.budget_duration}
    if ceiling.expires_at is not None:
        found["duration"] = f"{max(int((ceiling.expires_at - now).total_seconds()), 1)}s"
    return {**found, **ceiling.key_limits, **ceiling.exact}


def _nothing(value: Any) -> bool:
    """Zero is something: a limit of nothing at all."""
    return value is None or value is False or value in ([], {}, "")


def _same(value: Any, was: Any) -> bool:
    return value == was or (_nothing(value) and _nothing(was))


Rule = Callable[[Any, Any, Ceiling, datetime], None]


def _models(value: Any, _: Any, ceiling: Ceiling, __: datetime) -> None:
    if (not value and ceiling.key_models) or not ceiling.covers_models(value or ()):
        raise beyond_own("models")


def _aliases(value: Any, _: Any, ceiling: Ceiling, __: datetime) -> None:
    """The gateway lets a name pass whose alias may: so what it stands for must be the caller's to use."""
    if not ceiling.covers_models((value or {}).values()):
        raise beyond_own("aliases")


def _max_budget(value: Any, _: Any, ceiling: Ceiling, __: datetime) -> None:
    if value is None:
        if ceiling.key_max_nano_usd is not None:
            raise beyond_own("max_budget")
    elif ceiling.max_nano_usd is not None and from_usd(value) > ceiling.max_nano_usd:
        own = to_usd(ceiling.max_nano_usd)
        raise wrapped(400, f"max_budget ({value}) cannot exceed the caller's own max_budget ({own}).", INTERNAL)


def _budget_duration(value: Any, _: Any, ceiling: Ceiling, __: datetime) -> None:
    if not ceiling.covers_duration(value):
        raise beyond_own("budget_duration")


def _limit(name: str) -> Rule:
    def rule(value: Any, _: Any, ceiling: Ceiling, __: datetime) -> None:
        most = ceiling.limits.get(name)
        if (value is None and name in ceiling.key_limits) or (value is not None and most is not None and value > most):
            raise beyond_own(name)

    return rule


def _exact(name: str) -> Rule:
    def rule(value: Any, _: Any, ceiling: Ceiling, __: datetime) -> None:
        own = ceiling.exact.get(name)
        if own and value != own:
            raise beyond_own(name)

    return rule


def _duration(value: Any, _: Any, ceiling: Ceiling, now: datetime) -> None:
    until = expiry(value, now)
    if ceiling.expires_at is not None and (until is None or until > ceiling.expires_at):
        raise beyond_own("duration")


def _routes(value: Any, was: Any, ceiling: Ceiling, _: datetime) -> None:
    """The presets of `key_type` alone, and never more of them than there were."""
    wanted, had = set(value or ()), set(was or ())
    if not wanted | had <= SAFE_PRESETS or (had and not (wanted and wanted <= had)):
        raise admins_only("allowed_routes")
    if ceiling.routes and not (wanted and wanted <= set(ceiling.routes)):
        raise beyond_own("allowed_routes")


def _key_type(value: Any, was: Any, ceiling: Ceiling, now: datetime) -> None:
    if value == KeyType.DEFAULT:
        return
    if value == KeyType.MANAGEMENT or was not in (None, KeyType.DEFAULT):
        raise admins_only("allowed_routes")
    _routes(["llm_api_routes" if value == KeyType.LLM_API else "info_routes"], (), ceiling, now)


def _more(name: str) -> Rule:
    """They hold a key back, so that one may be added, and none taken away."""

    def rule(value: Any, was: Any, _: Ceiling, __: datetime) -> None:
        if not set(was or ()) <= set(value or ()):
            raise admins_only(name)

    return rule


def _blocked(value: Any, _: Any, __: Ceiling, ___: datetime) -> None:
    """Who blocks a key may be somebody else than who would like to unblock it."""
    if not value:
        raise admins_only("blocked")


def _metadata(value: Any, was: Any, _: Ceiling, __: datetime) -> None:
    """The caller's own notes, but for the names in it that give rights."""
    now_there: Mapping[str, Any] = value or {}
    for name in (PERMISSIONS, SERVICE_ACCOUNT):
        if name in now_there and now_there[name] != (was or {}).get(name):
            raise admins_only(f"metadata.{name}")


RULES: Mapping[str, Rule] = {
    "models": _models,
    "aliases": _aliases,
    "max_budget": _max_budget,
    "budget_duration": _budget_duration,
    **{name: _limit(name) for name in LIMITS},
    **{name: _exact(name) for name in ("model_max_budget", "budget_limits", "model_rpm_limit", "model_tpm_limit")},
    "duration": _duration,
    "allowed_routes": _routes,
    "key_type": _key_type,
    "guardrails": _more("guardrails"),
    "policies": _more("policies"),
    "enforced_params": _more("enforced_params"),
    "blocked": _blocked,
    "metadata": _metadata,
}
