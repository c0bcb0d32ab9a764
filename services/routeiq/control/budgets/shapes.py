"""The bodies of `/budget/*`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from routeiq.control.amounts import Amount
from routeiq.control.answers.budgets import Answer
from routeiq.control.fields import Body, LimitFields, Moment, Name, Rate
from routeiq.kit.checked import DurationText

Ids = Annotated[list[Name], Field(max_length=1000)]


class ModelBudget(Body):
    """LiteLLM knows two names for each of the first two."""

    max_budget: float | None = Field(None, ge=0)
    budget_limit: float | None = Field(None, ge=0)
    budget_duration: DurationText | None = None
    time_period: DurationText | None = None
    tpm_limit: Rate | None = None
    rpm_limit: Rate | None = None


class BudgetFields(LimitFields):
    budget_id: Name | None = None
    max_budget: Amount = None
    soft_budget: Amount = None
    tpd_limit: Rate | None = None
    model_max_budget: dict[Name, ModelBudget] | None = None
    budget_reset_at: Moment | None = None


class BudgetIds(Body):
    budgets: Ids


class BudgetId(Body):
    id: Name


class BudgetSetting(Answer):
    """One line of `/budget/settings`."""

    field_name: str
    field_type: str
    field_description: str
    field_value: Any
    stored_in_db: bool | None
    field_default_value: Any
    premium_field: bool
    nested_fields: list[Any] | None
