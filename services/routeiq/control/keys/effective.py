"""What holds for a key: its own limits, and where it has none those of the budget that it shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from routeiq.control.store.tables import Budget, Key
from routeiq.kit.errors import RouteIQError
from routeiq.kit.money import MAX_NANO_USD, from_usd

_NONE = Budget()
"""A key that shares none has this; making one takes longer than all the rest."""


@dataclass(frozen=True, slots=True)
class Effective:
    """None: no limit."""

    rpm: int | None
    tpm: int | None
    parallel: int | None
    max_nano_usd: int | None
    soft_nano_usd: int | None
    duration: str | None
    reset_at: datetime | None
    by_model: Mapping[str, Any]
    lasting_max_nano_usd: int | None
    """Without `temp_budget_increase`, which ends."""


def effective(key: Key, budget: Budget | None, now: datetime) -> Effective:
    """A duration of the key's own keeps its own schedule; without one the shared budget's holds."""
    shared = budget or _NONE
    schedule = shared if key.budget_duration is None else key
    most = _either(key.max_budget_nano_usd, shared.max_budget_nano_usd)
    return Effective(
        _either(key.rpm_limit, shared.rpm_limit),
        _either(key.tpm_limit, shared.tpm_limit),
        _either(key.max_parallel_requests, shared.max_parallel_requests),
        None if most is None else min(most + increase(key.data or {}, now), MAX_NANO_USD),
        _either(key.soft_budget_nano_usd, shared.soft_budget_nano_usd),
        schedule.budget_duration,
        schedule.budget_reset_at,
        key.model_max_budget or shared.model_max_budget or {},
        most,
    )


def increase(metadata: Mapping[str, Any], now: datetime) -> int:
    """`temp_budget_increase`, until it ends."""
    try:
        until = datetime.fromisoformat(str(metadata["temp_budget_expiry"]))
        until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
        return from_usd(metadata["temp_budget_increase"]) if until > now else 0
    except (KeyError, ValueError, RouteIQError):
        return 0


def _either(own: int | None, shared: int | None) -> int | None:
    return own if own is not None else shared
