"""The answers of `/global/*`, as LiteLLM has them."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel


class GlobalSpend(BaseModel):
    """`max_budget`: of everything together; there is none here."""

    spend: float
    max_budget: float


class DaySpend(BaseModel):
    date: date
    spend: float


class KeyDaySpend(DaySpend):
    api_key: str


class KeySpend(BaseModel):
    api_key: str
    key_alias: str | None
    key_name: str | None
    total_spend: float


class ModelSpend(BaseModel):
    model: str
    total_spend: float
    total_tokens: int


class ProviderSpend(BaseModel):
    provider: str
    spend: float


class CustomerSpend(BaseModel):
    end_user: str
    total_count: int
    total_spend: float


class TeamTotal(BaseModel):
    team_id: str
    total_spend: float


class TeamsSpend(BaseModel):
    """`daily_spend`: of each day its `date`, and the teams' sums by their aliases."""

    daily_spend: list[dict[str, Any]]
    teams: list[str]
    total_spend_per_team: list[TeamTotal]


class NamedTag(BaseModel):
    name: str
    spend: float
    log_count: int


class TagsSpend(BaseModel):
    spend_per_tag: list[NamedTag]


class TagNames(BaseModel):
    tag_names: list[str]


class CustomerNames(BaseModel):
    end_users: list[str]


class DayActivity(BaseModel):
    """`date` as in `Jan 22`."""

    date: str
    api_requests: int
    total_tokens: int


class Activity(BaseModel):
    daily_data: list[DayActivity]
    sum_api_requests: int
    sum_total_tokens: int


class ModelActivity(Activity):
    model: str


class Reset(BaseModel):
    message: str
    status: str
