"""A budget that others share, or that is a member's own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from routeiq.control.fields import shown_limits
from routeiq.control.store.tables import Budget

EXTRA = ("tpd_limit", "temp_budget_increase", "temp_budget_expiry")
"""LiteLLM's columns that nothing here reads."""


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class BudgetRow(Answer):
    budget_id: str
    max_budget: float | None
    soft_budget: float | None
    max_parallel_requests: int | None
    tpm_limit: int | None
    rpm_limit: int | None
    tpd_limit: int | None
    model_max_budget: dict[str, Any] | None
    budget_duration: str | None
    budget_reset_at: datetime | None
    allowed_models: list[str]
    """A member's; empty: all of the team's."""
    temp_budget_increase: float | None
    temp_budget_expiry: datetime | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


def budget_row(row: Budget, allowed_models: list[str] | None = None) -> BudgetRow:
    extra: dict[str, Any] = {name: (row.extra or {}).get(name) for name in EXTRA}
    return BudgetRow(
        budget_id=row.id,
        model_max_budget=row.model_max_budget or None,
        allowed_models=allowed_models or [],
        **shown_limits(row),
        **extra,
        **dates(row),
    )


def dates(row: Any) -> dict[str, Any]:
    """When a row was made and changed, and by whom."""
    return {name: getattr(row, name) for name in ("created_at", "created_by", "updated_at", "updated_by")}
