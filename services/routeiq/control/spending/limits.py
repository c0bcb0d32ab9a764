"""What a holder may spend: its own budget, or the one that it shares."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from routeiq.control.keys.effective import effective, increase
from routeiq.control.store.periods import Holder, Schedule
from routeiq.control.store.standings import Standing
from routeiq.control.store.tables import Budget, Key, Member
from routeiq.kit.money import MAX_NANO_USD


class Money(NamedTuple):
    """None: no limit."""

    max_nano_usd: int | None = None
    soft_nano_usd: int | None = None


def money_of(row: Holder, shared: Budget | None, now: datetime) -> Money:
    if isinstance(row, Key):
        held = effective(row, shared, now)
        return Money(held.max_nano_usd, held.soft_nano_usd)
    source = (shared or Budget()) if isinstance(row, Member) else row
    return Money(source.max_budget_nano_usd, source.soft_budget_nano_usd)


def allowed(one: Standing, now: datetime) -> Money:
    """As `money_of`."""
    most = one.shared_max_nano_usd if one.max_nano_usd is None else one.max_nano_usd
    if most is not None and one.data:
        most = min(most + increase(one.data, now), MAX_NANO_USD)
    return Money(most, one.shared_soft_nano_usd if one.soft_nano_usd is None else one.soft_nano_usd)


def schedule(one: Standing) -> Schedule:
    """As `periods.schedule_of`."""
    if one.duration is not None:
        return Schedule(one.duration, one.budget_reset_at)
    return Schedule(one.shared_duration, one.shared_reset_at)


def models_of(one: Standing) -> Mapping[str, Any]:
    """The key's budgets by model, or those of the budget that it shares."""
    return one.by_model or one.shared_by_model or {}
