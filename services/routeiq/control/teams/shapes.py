"""The bodies of `/team/*`, and those answers that are more than a team."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from routeiq.control.amounts import Amount
from routeiq.control.answers.budgets import Answer
from routeiq.control.answers.memberships import MembershipRow, SourcedMembership
from routeiq.control.answers.teams import BACKED, CountedTeam, TeamDetails, TeamRow
from routeiq.control.answers.users import UserRow
from routeiq.control.budgets.shapes import ModelBudget
from routeiq.control.fields import Body, BudgetWindow, LimitFields, Name, Rate
from routeiq.control.keys.answers import KeyInfo
from routeiq.control.members.shapes import Joining
from routeiq.control.metadata import read_inside
from routeiq.kit.checked import DurationText

Words = dict[str, Any]
Names = Annotated[list[Name], Field(max_length=10_000)]
Sharing = Literal["guaranteed_throughput", "best_effort_throughput"]


def _unset(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


class TeamFields(LimitFields):
    """What a team can be given. What is only kept may be whatever JSON its type says."""

    team_alias: Name | None = None
    organization_id: Annotated[Name | None, BeforeValidator(_unset)] = None
    max_budget: Amount = None
    soft_budget: Amount = None
    spend: Amount = None
    metadata: Words | None = None
    models: Names | None = None
    model_aliases: dict[Name, Name] | None = None
    blocked: bool | None = None
    tpd_limit: Rate | None = None
    budget_limits: list[BudgetWindow] | None = None
    router_settings: Words | None = None
    access_group_ids: Names | None = None
    default_team_member_models: Names | None = None
    model_max_budget: dict[Name, ModelBudget] | None = None
    object_permission: Words | None = None
    model_rpm_limit: dict[Name, Rate] | None = None
    model_tpm_limit: dict[Name, Rate] | None = None
    default_estimated_output_tokens: Rate | None = None
    default_estimated_output_tokens_per_model: dict[Name, Rate] | None = None
    mcp_rpm_limit: dict[Name, Rate] | None = None
    rpm_limit_type: Sharing | None = None
    tpm_limit_type: Sharing | None = None
    allowed_vector_store_indexes: list[Words] | None = None
    enforced_batch_output_expires_after: Words | None = None
    enforced_file_expires_after: Words | None = None
    disable_global_guardrails: bool | None = None
    guardrails: list[str] | None = None
    policies: list[str] | None = None
    tags: list[str] | None = None
    prompts: list[str] | None = None
    secret_manager_settings: Words | None = None
    allowed_passthrough_routes: list[Any] | None = None
    denied_passthrough_routes: list[str] | None = None
    team_member_budget: Amount = None
    team_member_budget_duration: DurationText | None = None
    team_member_rpm_limit: Rate | None = None
    team_member_tpm_limit: Rate | None = None
    team_member_key_duration: DurationText | None = None

    @model_validator(mode="before")
    @classmethod
    def _inside(cls, sent: Any) -> Any:
        return read_inside(sent, BACKED)


class NewTeam(TeamFields):
    team_id: Annotated[Name | None, BeforeValidator(_unset)] = None
    members_with_roles: Annotated[list[Joining], Field(max_length=500)] | None = None
    team_member_permissions: list[str] | None = None
    admins: list[Name] | None = None
    members: list[Name] | None = None


class UpdateTeam(TeamFields):
    team_id: Name
    team_member_permissions: list[str] | None = None


class PatchTeam(TeamFields):
    """`team_id` may be sent if it is the path's."""

    team_id: Name | None = None


class TeamId(Body):
    team_id: Name


class TeamIds(Body):
    team_ids: Annotated[list[Name], Field(max_length=1000)]


class TeamModels(Body):
    team_id: Name
    models: Names


class UpdatePermissions(Body):
    team_id: Name
    team_member_permissions: list[str]


class TeamUpdated(Answer):
    team_id: str
    data: TeamRow


class TeamsDeleted(Answer):
    deleted_teams: list[str]


class TeamInfo(Answer):
    team_id: str
    team_info: TeamDetails
    keys: list[KeyInfo]
    team_memberships: list[SourcedMembership]


class TeamPage(Answer):
    teams: list[CountedTeam]
    total: int
    page: int
    page_size: int
    total_pages: int


class Permissions(Answer):
    team_id: str
    team_member_permissions: list[str]
    all_available_permissions: list[str]


class MembersAdded(TeamRow):
    updated_users: list[UserRow]
    updated_team_memberships: list[MembershipRow]


class AddedOne(Answer):
    user_id: str | None
    user_email: str | None
    success: bool
    error: str | None
    updated_user: UserRow | None
    updated_team_membership: MembershipRow | None


class BulkAdded(Answer):
    team_id: str
    results: list[AddedOne]
    total_requested: int
    successful_additions: int
    failed_additions: int
    updated_team: MembersAdded | None


class MemberUpdated(Answer):
    """What was sent, as LiteLLM echoes it."""

    team_id: str
    user_id: str
    user_email: str | None
    max_budget_in_team: float | None
    tpm_limit: int | None
    rpm_limit: int | None
    budget_duration: str | None
    allowed_models: list[str] | None
    temp_budget_increase: float | None
    temp_budget_expiry: Any
