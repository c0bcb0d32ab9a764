"""The periods of a key's budgets by model, when a request changes those."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.keys.model_budgets import model_budgets
from routeiq.control.store.accounts import model_spends
from routeiq.control.store.periods import Turns, number_of
from routeiq.control.store.tables import Key, ModelSpend


async def begin_models(
    session: AsyncSession, row: Key, before: Mapping[str, Any], now: datetime, calendar: Turns
) -> None:
    """A new duration begins a new period, in which nothing is spent, as with LiteLLM. Args: before: the budgets."""
    old, new = _durations(before), _durations(row.model_max_budget or {})
    changed = sorted(model for model in old.keys() & new.keys() if old[model] != new[model])
    if not changed:
        return
    kept = await model_spends(session, [(row.hash, model) for model in changed], lock=True)
    for model in changed:
        spent = kept.get((row.hash, model))
        if spent is None:
            spent = ModelSpend(key_hash=row.hash, model=model)
            session.add(spent)
        duration = new[model]
        spent.budget_period, spent.spend_nano_usd = max((spent.budget_period or 0) + 1, number_of(now)), 0
        spent.budget_reset_at = None if duration is None else calendar(duration, now)


def _durations(budgets: Mapping[str, Any]) -> dict[str, str | None]:
    return {model: one.duration for model, one in model_budgets(budgets).items()}
