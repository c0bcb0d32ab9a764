"""A user."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from routeiq.control.answers.budgets import Answer, dates
from routeiq.control.fields import shown_limits
from routeiq.control.store.tables import User
from routeiq.kit.money import to_usd

Words = dict[str, Any]

BACKED = (
    "model_rpm_limit",
    "model_tpm_limit",
    "mcp_rpm_limit",
    "tag_rpm_limit",
    "guardrails",
    "policies",
    "prompts",
)
"""Fields that LiteLLM keeps in `metadata`."""

EXTRA = (
    "sso_user_id",
    "organizations",
    "agent_id",
    "budget_limits",
    "allowed_cache_controls",
    "config",
    "permissions",
    "aliases",
    "blocked",
    "model_max_budget",
    "budget_fallbacks",
    "object_permission",
)
"""LiteLLM's columns that nothing here reads."""


class UserSaid(Answer):
    """What was said of a user beside limits and names."""

    sso_user_id: str | None
    organizations: list[str] | None
    agent_id: str | None
    budget_limits: list[Words] | None
    allowed_cache_controls: list[str]
    config: Words
    permissions: Words
    aliases: Words
    blocked: bool | None
    model_max_budget: Words
    budget_fallbacks: Words | None
    object_permission: Words | None
    model_rpm_limit: Words | None
    model_tpm_limit: Words | None
    mcp_rpm_limit: Words | None
    tag_rpm_limit: Words | None
    guardrails: list[str] | None
    policies: list[str]
    prompts: list[str] | None


class UserRow(UserSaid):
    user_id: str
    user_email: str | None
    user_alias: str | None
    user_role: str | None
    team_id: str | None
    organization_id: str | None
    object_permission_id: str | None
    teams: list[str]
    models: list[str]
    metadata: Words
    spend: float
    max_budget: float | None
    soft_budget: float | None
    budget_duration: str | None
    budget_reset_at: datetime | None
    max_parallel_requests: int | None
    tpm_limit: int | None
    rpm_limit: int | None
    model_spend: Words
    organization_memberships: list[Words] | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


class CountedUser(UserRow):
    key_count: int


def user_row(row: User, teams: Sequence[str]) -> UserRow:
    """Args: teams: ids of those the user is a member of."""
    return UserRow(**shown_user(row, teams))


def named_alone(row: User) -> User:
    """Who it is, without anything that is its own: for admins of teams, who may let in anybody. No session's."""
    return User(
        id=row.id, email=row.email, alias=row.alias, role=row.role, models=[], data={}, extra={}, spend_nano_usd=0,
        created_at=row.created_at, created_by=row.created_by, updated_at=row.updated_at, updated_by=row.updated_by,
    )  # fmt: skip


def shown_user(row: User, teams: Sequence[str]) -> dict[str, Any]:
    extra, data = row.extra or {}, row.data or {}
    return {
        **{name: extra.get(name) for name in EXTRA},
        **{name: data.get(name) for name in BACKED},
        **{name: extra.get(name) or {} for name in ("config", "permissions", "aliases", "model_max_budget")},
        "allowed_cache_controls": extra.get("allowed_cache_controls") or [],
        "policies": data.get("policies") or [],
        "user_id": row.id,
        "user_email": row.email,
        "user_alias": row.alias,
        "user_role": row.role,
        "team_id": None,
        "organization_id": None,
        "object_permission_id": None,
        "teams": list(teams),
        "models": row.models or [],
        "metadata": data,
        "spend": to_usd(row.spend_nano_usd),
        "model_spend": {},
        "organization_memberships": None,
        **shown_limits(row),
        **dates(row),
    }
