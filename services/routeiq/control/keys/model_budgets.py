"""LiteLLM's `model_max_budget`: a budget by model, in either of the two ways in which its clients write one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from routeiq.kit.clock import duration_of
from routeiq.kit.money import from_usd

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ModelBudget:
    max_nano_usd: int
    duration: str | None


def model_budget(value: object) -> ModelBudget | None:
    """Of `5`, `{"max_budget": 5, "budget_duration": "1d"}` or `{"budget_limit": 5, "time_period": "1d"}`. None: limits
    of tokens and requests alone. Raises: ValueError: it is none of these."""
    if not isinstance(value, Mapping):
        return ModelBudget(from_usd(_number(value)), None)
    most = value.get("max_budget", value.get("budget_limit"))
    if most is None:
        return None
    duration = value.get("budget_duration", value.get("time_period"))
    return ModelBudget(from_usd(_number(most)), None if duration is None else str(duration_of(str(duration))))


def model_budgets(values: Mapping[str, Any]) -> dict[str, ModelBudget]:
    """What can be read of them: those of shared budgets were not checked when they were written."""
    found: dict[str, ModelBudget] = {}
    for model, value in values.items():
        try:
            budget = model_budget(value)
        except ValueError:
            log.warning("budget.unreadable", model=model)
            continue
        if budget is not None:
            found[model] = budget
    return found


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise ValueError("a budget is a number of dollars")
