"""The most that somebody who is no administrator may give a key: what the asking key, its user and the key's team have.

The gateway checks key, user and team one by one, so that a key never gets past its user's or its team's limits. What
the asking key itself is held to would be lost in a new key, which therefore takes it over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from routeiq.control.keys.effective import Effective
from routeiq.control.keys.fields import PERMISSIONS
from routeiq.control.store.tables import Key, Team, User
from routeiq.kit.clock import duration_of

NOTHING = "no-default-models"
TEAM_MODELS = "all-team-models"
ALL_MODELS = "all-proxy-models"
SAFE_PRESETS = frozenset({"llm_api_routes", "info_routes"})


@dataclass(frozen=True, slots=True)
class Ceiling:
    """None, and nothing: no limit. `models`: each of the lists holds, by itself."""

    models: tuple[Sequence[str], ...] = ()
    key_models: Sequence[str] = ()
    routes: Sequence[str] = ()
    max_nano_usd: int | None = None
    key_max_nano_usd: int | None = None
    budget_duration: str | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    key_limits: Mapping[str, int] = field(default_factory=dict)
    expires_at: datetime | None = None
    exact: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the asking key that no other value may stand for."""
    permissions: Sequence[str] | None = None
    """Of `metadata`; None: no key asks."""

    def under_key(self, key: Key, held: Effective) -> Ceiling:
        limits = _limits(held.rpm, held.tpm, held.parallel)
        return replace(
            self,
            models=(*self.models, *([key.models] if restricts(key.models) else [])),
            key_models=key.models if restricts(key.models) else (),
            routes=key.allowed_routes,
            max_nano_usd=_least(self.max_nano_usd, held.lasting_max_nano_usd),
            key_max_nano_usd=held.lasting_max_nano_usd,
            budget_duration=held.duration,
            limits=_tighter(self.limits, limits),
            key_limits=limits,
            expires_at=key.expires_at,
            exact=_exact(key, held),
            permissions=_texts((key.data or {}).get(PERMISSIONS)),
        )

    def under_holder(self, holder: User | Team) -> Ceiling:
        return replace(
            self,
            models=(*self.models, *([holder.models] if restricts(holder.models) else [])),
            max_nano_usd=_least(self.max_nano_usd, holder.max_budget_nano_usd),
            limits=_tighter(self.limits, _limits(holder.rpm_limit, holder.tpm_limit, holder.max_parallel_requests)),
        )

    def covers_models(self, names: Iterable[str]) -> bool:
        return all(self._covers(name) for name in names)

    def _covers(self, name: str) -> bool:
        """`all-team-models` is what the team's own list says, which the gateway checks beside."""
        if name == TEAM_MODELS:
            return not self.key_models
        return all(_covered(name, allowed) for allowed in self.models)

    def covers_duration(self, duration: str | None) -> bool:
        """A budget may not begin anew sooner than the asking key's."""
        if self.key_max_nano_usd is None:
            return True
        if self.budget_duration is None or duration is None:
            return duration is None
        return duration_of(duration).at_least >= duration_of(self.budget_duration).at_least

    def exceeded_by(self, key: Key, held: Effective) -> str | None:
        """Which of the asking key's own limits that key gets past: one that it has not, or has wider."""
        its = Ceiling().under_key(key, held)
        within = {
            "models": _within(its.key_models, self.key_models),
            "aliases": not self.key_models or _all_covered(key.aliases.values(), self.key_models),
            "allowed_routes": not self.routes or (bool(its.routes) and set(its.routes) <= set(self.routes)),
            "max_budget": self.key_max_nano_usd is None or _at_most(its.key_max_nano_usd, self.key_max_nano_usd),
            "budget_duration": self.covers_duration(its.budget_duration),
            **{name: _at_most(its.key_limits.get(name), most) for name, most in self.key_limits.items()},
            "duration": self.expires_at is None or _at_most(its.expires_at, self.expires_at),
            **{name: its.exact.get(name) == own for name, own in self.exact.items()},
            "permissions": self.permissions is None or _all_covered(its.permissions or (), self.permissions),
        }
        return next((name for name, holds in within.items() if not holds), None)


def restricts(models: Sequence[str]) -> bool:
    return bool(models) and ALL_MODELS not in models and TEAM_MODELS not in models


def _covered(name: str, allowed: Sequence[str]) -> bool:
    if name == NOTHING or name in allowed:
        return True
    return name != ALL_MODELS and any(one.endswith("*") and name.startswith(one[:-1]) for one in allowed)


def _all_covered(names: Iterable[str], allowed: Sequence[str]) -> bool:
    return all(_covered(name, allowed) for name in names)


def _within(names: Sequence[str], allowed: Sequence[str]) -> bool:
    """Of lists that mean everything when they are empty."""
    return not allowed or (bool(names) and _all_covered(names, allowed))


def _at_most(value: Any, most: Any) -> bool:
    """None: there is no limit."""
    return value is not None and bool(value <= most)


def _texts(value: object) -> Sequence[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _exact(key: Key, held: Effective) -> dict[str, Any]:
    data, extra = key.data or {}, key.extra or {}
    found = {
        "model_max_budget": held.by_model,
        "budget_limits": extra.get("budget_limits"),
        "model_rpm_limit": data.get("model_rpm_limit"),
        "model_tpm_limit": data.get("model_tpm_limit"),
    }
    return {name: value for name, value in found.items() if value}


def _limits(rpm: int | None, tpm: int | None, parallel: int | None) -> dict[str, int]:
    found = {"rpm_limit": rpm, "tpm_limit": tpm, "max_parallel_requests": parallel}
    return {name: value for name, value in found.items() if value is not None}


def _tighter(some: Mapping[str, int], others: Mapping[str, int]) -> dict[str, int]:
    return {name: min(limits[name] for limits in (some, others) if name in limits) for name in {*some, *others}}


def _least(some: int | None, other: int | None) -> int | None:
    known = [one for one in (some, other) if one is not None]
    return min(known) if known else None
