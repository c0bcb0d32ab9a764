"""The bodies of `/user/*`, and its answers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from routeiq.control.amounts import Amount
from routeiq.control.answers.budgets import Answer
from routeiq.control.answers.teams import TeamRow
from routeiq.control.answers.users import BACKED, CountedUser, UserRow
from routeiq.control.budgets.shapes import ModelBudget
from routeiq.control.fields import Body, BudgetWindow, LimitFields, Name, Rate
from routeiq.control.keys.answers import KeyInfo
from routeiq.control.members.shapes import Email
from routeiq.control.metadata import read_inside
from routeiq.kit.checked import DurationText

Words = dict[str, Any]
Names = Annotated[list[Name], Field(max_length=10_000)]


def _unset(value: object) -> object:
    return None if value == "" else value


class Role(StrEnum):
    """Of a user; LiteLLM's words."""

    ADMIN = "proxy_admin"
    ADMIN_VIEWER = "proxy_admin_viewer"
    USER = "internal_user"
    VIEWER = "internal_user_viewer"


class UserFields(LimitFields):
    """What a user can be given."""

    user_alias: Annotated[Name | None, BeforeValidator(_unset)] = None
    user_role: Role | None = None
    max_budget: Amount = None
    soft_budget: Amount = None
    spend: Amount = None
    models: Names | None = None
    metadata: Words | None = None
    sso_user_id: Name | None = None
    organizations: Names | None = None
    agent_id: Name | None = None
    budget_limits: list[BudgetWindow] | None = None
    allowed_cache_controls: list[str] | None = None
    config: Words | None = None
    permissions: Words | None = None
    aliases: dict[str, str] | None = None
    blocked: bool | None = None
    model_max_budget: dict[Name, float | ModelBudget] | None = None
    budget_fallbacks: dict[Name, Names] | None = None
    object_permission: Words | None = None
    model_rpm_limit: dict[Name, Rate] | None = None
    model_tpm_limit: dict[Name, Rate] | None = None
    mcp_rpm_limit: dict[Name, Rate] | None = None
    tag_rpm_limit: dict[Name, Rate] | None = None
    guardrails: list[str] | None = None
    policies: list[str] | None = None
    prompts: list[str] | None = None

    @model_validator(mode="before")
    @classmethod
    def _inside(cls, sent: Any) -> Any:
        return read_inside(sent, BACKED)


class TeamToJoin(Body):
    team_id: Name
    max_budget_in_team: Amount = None
    user_role: Literal["user", "admin"] = "user"


class NewUser(UserFields):
    """`key_alias`, `duration` and the like are of the key that is made with the user."""

    user_id: Annotated[Name | None, BeforeValidator(_unset)] = None
    user_email: Annotated[Email | None, BeforeValidator(_unset)] = None
    team_id: Annotated[Name | None, BeforeValidator(_unset)] = None
    teams: Annotated[list[Name | TeamToJoin], Field(max_length=100)] | None = None
    auto_create_key: bool = True
    send_invite_email: bool | None = None
    key_alias: Name | None = None
    duration: DurationText | None = None
    password: str | None = None

    @field_validator("password")
    @classmethod
    def _no_password(cls, value: str | None) -> str | None:
        if value is not None:
            raise ValueError("password cannot be set via /user/new")
        return value

    @property
    def wanted_teams(self) -> list[TeamToJoin]:
        """LiteLLM heeds `teams` only without the older `team_id`."""
        if self.team_id is not None:
            return [TeamToJoin(team_id=self.team_id)]
        return [TeamToJoin(team_id=one) if isinstance(one, str) else one for one in self.teams or ()]


class UpdateUser(UserFields):
    user_id: Annotated[Name | None, BeforeValidator(_unset)] = None
    user_email: Annotated[Email | None, BeforeValidator(_unset)] = None

    @model_validator(mode="after")
    def _named(self) -> UpdateUser:
        if self.user_id is None and self.user_email is None:
            raise ValueError("Either user id or user email must be provided")
        return self


class UserIds(Body):
    user_ids: Annotated[list[Name], Field(max_length=1000)]


class UserMade(UserRow):
    """A user, and what is the key's beside it. Without one, `key` is empty."""

    key: str
    key_name: str | None
    key_alias: str | None
    key_type: str | None
    expires: datetime | None
    duration: str | None
    token: None
    token_id: None
    allowed_routes: list[str]
    litellm_budget_table: None


class UserUpdated(Answer):
    user_id: str
    data: UserRow


class UserInfo(Answer):
    user_id: str | None
    user_info: UserRow | None
    keys: list[KeyInfo]
    teams: list[TeamRow]


class UserInfoV2(Answer):
    user_id: str
    user_email: str | None
    user_alias: str | None
    user_role: str | None
    spend: float
    max_budget: float | None
    tpm_limit: int | None
    rpm_limit: int | None
    models: list[str]
    budget_duration: str | None
    budget_reset_at: datetime | None
    metadata: Words
    created_at: datetime
    updated_at: datetime
    sso_user_id: str | None
    teams: list[str]
    object_permission: Words | None
    model_max_budget: Words
    model_max_budget_usage: Words | None


class UserPage(Answer):
    users: list[CountedUser]
    total: int
    page: int
    page_size: int
    total_pages: int
