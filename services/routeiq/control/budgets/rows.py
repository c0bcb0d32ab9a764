"""A budget's request into its row."""

from __future__ import annotations

from datetime import datetime

from routeiq.control.answers.budgets import EXTRA
from routeiq.control.budgets.shapes import BudgetFields
from routeiq.control.extra import kept_extra
from routeiq.control.fields import Resets, set_limits
from routeiq.control.store.tables import Budget


def fill(row: Budget, body: BudgetFields, now: datetime, resets: Resets) -> None:
    """Put what was sent into the row. A reset that was sent holds for the first period."""
    set_limits(row, body, now, resets)
    if "budget_reset_at" in body.model_fields_set and not (body.budget_reset_at is None and body.budget_duration):
        row.budget_reset_at = body.budget_reset_at
    if "model_max_budget" in body.model_fields_set:
        row.model_max_budget = body.model_dump(mode="json", include={"model_max_budget"}, exclude_none=True).get(
            "model_max_budget", {}
        )
    row.extra = kept_extra(row.extra, body, EXTRA)
