"""A team. `keys` stand in answers as a key's own do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from routeiq.control.answers.budgets import Answer, BudgetRow, dates
from routeiq.control.answers.memberships import AliasedMember, Member, MembershipRow, aliased_member, member_row
from routeiq.control.fields import shown_limits
from routeiq.control.keys.answers import KeyInfo
from routeiq.control.store.members import Membership
from routeiq.control.store.tables import Team
from routeiq.kit.money import to_usd

Words = dict[str, Any]

BACKED = (
    "model_rpm_limit",
    "model_tpm_limit",
    "default_estimated_output_tokens",
    "default_estimated_output_tokens_per_model",
    "mcp_rpm_limit",
    "rpm_limit_type",
    "tpm_limit_type",
    "allowed_vector_store_indexes",
    "enforced_batch_output_expires_after",
    "enforced_file_expires_after",
    "disable_global_guardrails",
    "guardrails",
    "policies",
    "tags",
    "team_member_key_duration",
    "prompts",
    "secret_manager_settings",
    "allowed_passthrough_routes",
    "denied_passthrough_routes",
)
"""Fields that LiteLLM keeps in `metadata`."""

EXTRA = (
    "tpd_limit",
    "budget_limits",
    "router_settings",
    "access_group_ids",
    "default_team_member_models",
    "team_member_permissions",
    "model_max_budget",
    "object_permission",
    "admins",
    "members",
)
"""LiteLLM's columns that nothing here reads."""

MEMBER_BUDGET = "team_member_budget_id"
"""In `metadata`, and set by us alone: the budget of every member who has none of its own."""


class TeamSaid(Answer):
    """What was said of a team beside limits and names."""

    tpd_limit: int | None
    budget_limits: list[Words] | None
    router_settings: Words | None
    access_group_ids: list[str] | None
    default_team_member_models: list[str] | None
    team_member_permissions: list[str] | None
    model_max_budget: Words
    object_permission: Words | None
    admins: list[str]
    members: list[str]
    model_rpm_limit: Words | None
    model_tpm_limit: Words | None
    default_estimated_output_tokens: int | None
    default_estimated_output_tokens_per_model: Words | None
    mcp_rpm_limit: Words | None
    rpm_limit_type: str | None
    tpm_limit_type: str | None
    allowed_vector_store_indexes: list[Words] | None
    enforced_batch_output_expires_after: Words | None
    enforced_file_expires_after: Words | None
    disable_global_guardrails: bool | None
    guardrails: list[str] | None
    policies: list[str] | None
    tags: list[str] | None
    team_member_key_duration: str | None
    prompts: list[str] | None
    secret_manager_settings: Words | None
    allowed_passthrough_routes: list[Any] | None
    denied_passthrough_routes: list[str] | None


class Aliases(Answer):
    """`litellm_model_table`."""

    id: int | None
    model_aliases: Words
    created_by: str
    updated_by: str


class BareTeam(TeamSaid):
    """All but its members."""

    team_id: str
    team_alias: str | None
    organization_id: str | None
    metadata: Words
    tpm_limit: int | None
    rpm_limit: int | None
    max_parallel_requests: int | None
    max_budget: float | None
    soft_budget: float | None
    budget_duration: str | None
    budget_reset_at: datetime | None
    models: list[str]
    model_aliases: Words
    blocked: bool
    spend: float
    model_id: int | None
    model_spend: Words
    allow_team_guardrail_config: bool
    litellm_model_table: Aliases | None
    object_permission_id: str | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


class TeamRow(BareTeam):
    members_with_roles: list[Member]


class TeamDetails(BareTeam):
    """`/team/info`'s: members with their aliases, and the budget that members share."""

    members_with_roles: list[AliasedMember]
    team_member_budget_table: BudgetRow | None


class ListedTeam(TeamRow):
    team_memberships: list[MembershipRow]
    keys: list[KeyInfo]


class CountedTeam(TeamRow):
    members_count: int
    keys_count: int


def team_row(row: Team, members: Sequence[Membership]) -> TeamRow:
    return TeamRow(**shown_team(row), members_with_roles=[member_row(one) for one in members])


def team_details(row: Team, members: Sequence[Membership], budget: BudgetRow | None) -> TeamDetails:
    aliased = [aliased_member(one) for one in members]
    return TeamDetails(**shown_team(row), members_with_roles=aliased, team_member_budget_table=budget)


def shown_team(row: Team) -> dict[str, Any]:
    """All but its members."""
    extra, data = row.extra or {}, row.data or {}
    return {
        **{name: extra.get(name) for name in EXTRA},
        **{name: data.get(name) for name in BACKED},
        "model_max_budget": extra.get("model_max_budget") or {},
        **{name: extra.get(name) or [] for name in ("admins", "members")},
        "team_id": row.id,
        "team_alias": row.alias,
        "organization_id": row.organization_id,
        "metadata": data,
        "models": row.models or [],
        "model_aliases": row.model_aliases or {},
        "blocked": bool(row.blocked),
        "spend": to_usd(row.spend_nano_usd),
        "model_id": None,
        "model_spend": {},
        "allow_team_guardrail_config": False,
        "litellm_model_table": _aliases(row),
        "object_permission_id": None,
        **shown_limits(row),
        **dates(row),
    }


def default_budget_id(row: Team) -> str | None:
    """Of its members."""
    found = (row.data or {}).get(MEMBER_BUDGET)
    return found if isinstance(found, str) else None


def _aliases(row: Team) -> Aliases | None:
    if not row.model_aliases:
        return None
    return Aliases(id=None, model_aliases=row.model_aliases, created_by=row.created_by, updated_by=row.updated_by)
