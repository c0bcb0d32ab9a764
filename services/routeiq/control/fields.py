"""What LiteLLM's bodies have in common: limits and budgets, and what an absent or a null field means.

In an update an omitted field is kept, and an explicit null clears it (litellm.md, 1.0).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from routeiq.config.names import is_pattern
from routeiq.control.store.periods import Schedule, Turns, begin
from routeiq.control.store.tables import Key, Team, User
from routeiq.kit.checked import USD, DurationText
from routeiq.kit.money import from_usd, to_usd
from routeiq.kit.storable import LARGEST, check_storable

Rate = Annotated[int, Field(ge=0, le=LARGEST)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(check_storable)]
"""An id, an alias, the name of a model: short enough for any index, also two in one."""

MOST_NAMES, MOST_PATTERNS = 1000, 100


def _few_patterns(names: list[str]) -> list[str]:
    if sum(is_pattern(name) for name in names) > MOST_PATTERNS:
        raise ValueError(f"at most {MOST_PATTERNS} of the names have a *")
    return names


ModelNames = Annotated[list[Name], Field(max_length=MOST_NAMES), AfterValidator(_few_patterns)]
"""What gateways compare each request's model with, where somebody who is no administrator may write it: a hundred
thousand would hold a gateway up for everybody."""


def in_utc(moment: datetime) -> datetime:
    """One without a zone is in UTC, as for LiteLLM. Raises: ValueError."""
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError("a time within the years that there are") from None


Moment = Annotated[datetime, AfterValidator(in_utc)]


class Body(BaseModel):
    """A management request's body. Fields of LiteLLM's that nothing here reads are kept in `extra` where a subclass
    names them; what nobody knows is ignored, as LiteLLM does."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, sent: Any) -> Any:
        return check_storable(sent)

    def given(self, *names: str) -> dict[str, Any]:
        """Those of the fields that were sent, null included."""
        return {name: getattr(self, name) for name in names if name in self.model_fields_set}


class LimitFields(Body):
    tpm_limit: Rate | None = None
    rpm_limit: Rate | None = None
    max_parallel_requests: Rate | None = None
    max_budget: USD | None = None
    soft_budget: USD | None = None
    budget_duration: DurationText | None = None


class BudgetWindow(Body):
    """One of `budget_limits`."""

    budget_duration: DurationText
    max_budget: Annotated[float, Field(ge=0)]


RATES = ("tpm_limit", "rpm_limit", "max_parallel_requests")
MONEY = {"max_budget": "max_budget_nano_usd", "soft_budget": "soft_budget_nano_usd", "spend": "spend_nano_usd"}


class HasLimits(Protocol):
    """A row of `store.tables.Limited` and `Budgeted`."""

    rpm_limit: Any
    tpm_limit: Any
    max_parallel_requests: Any
    max_budget_nano_usd: Any
    soft_budget_nano_usd: Any
    budget_duration: Any
    budget_reset_at: Any


def set_limits(row: HasLimits, body: LimitFields, now: datetime, resets: Resets) -> None:
    """Put what was sent into the row. A new duration ends the period when it says, and keeps what was spent in it."""
    if isinstance(row, Key | User | Team):
        begin(row, Schedule(row.budget_duration, row.budget_reset_at), now, resets)
    for name, value in body.given(*RATES).items():
        setattr(row, name, value)
    for name, value in body.given("max_budget", "soft_budget").items():
        setattr(row, MONEY[name], None if value is None else from_usd(value))
    if "budget_duration" in body.model_fields_set:
        row.budget_duration = body.budget_duration
        row.budget_reset_at = resets(body.budget_duration, now) if body.budget_duration else None


def shown_limits(row: HasLimits) -> dict[str, Any]:
    """The same in an answer."""
    return {
        **{name: getattr(row, name) for name in RATES},
        "max_budget": usd(row.max_budget_nano_usd),
        "soft_budget": usd(row.soft_budget_nano_usd),
        "budget_duration": row.budget_duration,
        "budget_reset_at": row.budget_reset_at,
    }


def usd(nano: int | None) -> float | None:
    return None if nano is None else to_usd(nano)


Resets = Turns
"""When a budget of a duration begins anew: on LiteLLM's calendar boundaries (litellm.md, 1.6)."""
