"""What a holder may spend: its own budget, or the one that it shares."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from routeiq.control.keys.effective import effective
from routeiq.control.store.periods import Holder
from routeiq.control.store.tables import Budget, Key, Member


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
