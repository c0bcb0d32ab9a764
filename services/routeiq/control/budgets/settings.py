"""What can be set of a budget, for who draws a form of it (`/budget/settings`)."""

from __future__ import annotations

from routeiq.control.answers.budgets import BudgetRow
from routeiq.control.budgets.shapes import BudgetSetting

_FIELDS = {
    "max_budget": ("Float", "Requests are refused once so many dollars are spent."),
    "soft_budget": ("Float", "So many dollars are worth an alert; nothing is refused."),
    "max_parallel_requests": ("Integer", "Requests at one time."),
    "tpm_limit": ("Integer", "Tokens per minute."),
    "rpm_limit": ("Integer", "Requests per minute."),
    "tpd_limit": ("Integer", "Tokens per day, of batches."),
    "budget_duration": ("String", "After how long the budget begins anew, for example 30d."),
    "model_max_budget": ("Object", "Budgets by model."),
}


def settings_of(row: BudgetRow | None) -> list[BudgetSetting]:
    """Args: row: None: of no budget in particular."""
    return [
        BudgetSetting(
            field_name=name,
            field_type=kind,
            field_description=meaning,
            field_value=getattr(row, name) if row else None,
            stored_in_db=True,
            field_default_value=None,
            premium_field=False,
            nested_fields=None,
        )
        for name, (kind, meaning) in _FIELDS.items()
    ]
