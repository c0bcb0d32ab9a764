"""The bodies of `/key/*`. Every field is optional, and what was sent is told from what was not (`Body.given`)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from routeiq.control.amounts import Amount
from routeiq.control.fields import MOST_NAMES, Body, BudgetWindow, LimitFields, ModelNames, Name, Rate
from routeiq.control.keys.fields import BACKED
from routeiq.control.keys.model_budgets import model_budget
from routeiq.control.metadata import read_inside
from routeiq.kit.checked import DurationText

Words = dict[str, Any]
"""A JSON object of LiteLLM's that is kept as it is."""

KeyText = Annotated[str, StringConstraints(max_length=1024)]
Sharing = Literal["guaranteed_throughput", "best_effort_throughput", "dynamic"]


def _unset(value: object) -> object:
    """LiteLLM's dashboard sends an empty text for a name that was cleared."""
    return None if value == "" else value


ClearedId = Annotated[Name | None, BeforeValidator(_unset)]


class KeyType(StrEnum):
    LLM_API = "llm_api"
    MANAGEMENT = "management"
    READ_ONLY = "read_only"
    DEFAULT = "default"


class KeyFields(LimitFields):
    """What a key can be given."""

    key_alias: ClearedId = None
    duration: DurationText | Literal["-1"] | None = None
    user_id: ClearedId = None
    team_id: ClearedId = None
    agent_id: Name | None = None
    organization_id: ClearedId = None
    project_id: ClearedId = None
    budget_id: Name | None = None
    end_user_budget_id: Name | None = None
    models: ModelNames | None = None
    aliases: Annotated[dict[str, str], Field(max_length=MOST_NAMES)] | None = None
    config: Words | None = None
    spend: Amount = None
    max_budget: Amount = None
    soft_budget: Amount = None
    budget_limits: list[BudgetWindow] | None = None
    budget_fallbacks: dict[str, list[str]] | None = None
    tpd_limit: Rate | None = None
    model_max_budget: dict[str, float | Words] | None = None
    model_rpm_limit: dict[str, Rate] | None = None
    model_tpm_limit: dict[str, Rate] | None = None
    mcp_rpm_limit: dict[str, Rate] | None = None
    tag_rpm_limit: dict[str, Rate] | None = None
    rpm_limit_type: Sharing | None = None
    tpm_limit_type: Sharing | None = None
    default_estimated_output_tokens: Rate | None = None
    default_estimated_output_tokens_per_model: dict[str, Rate] | None = None
    metadata: Words | None = None
    permissions: Words | None = None
    allowed_cache_controls: list[str] | None = None
    allowed_routes: list[str] | None = None
    allowed_passthrough_routes: list[Any] | None = None
    denied_passthrough_routes: list[str] | None = None
    allowed_vector_store_indexes: list[Words] | None = None
    guardrails: list[str] | None = None
    policies: list[str] | None = None
    prompts: list[str] | None = None
    tags: list[str] | None = None
    enforced_params: list[str] | None = None
    disable_global_guardrails: bool | None = None
    enable_prompt_caching: bool | None = None
    throttle_on_budget_exceeded: bool | None = None
    temp_budget_increase: Annotated[float, Field(ge=0)] | None = None
    temp_budget_expiry: datetime | None = None
    blocked: bool | None = None
    object_permission: Words | None = None
    access_group_ids: list[str] | None = None
    router_settings: Words | None = None
    auto_rotate: bool | None = None
    rotation_interval: DurationText | None = None
    send_invite_email: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_metadata(cls, values: object) -> object:
        return read_inside(values, BACKED)

    @field_validator("model_max_budget")
    @classmethod
    def _budgets(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        for one in (value or {}).values():
            model_budget(one)
        return value

    @model_validator(mode="after")
    def _both(self) -> KeyFields:
        if (self.temp_budget_increase is None) != (self.temp_budget_expiry is None):
            raise ValueError("temp_budget_increase and temp_budget_expiry must be set together")
        return self


class GenerateKey(KeyFields):
    key: KeyText | None = None
    key_type: KeyType | None = None


class UpdateKey(KeyFields):
    key: KeyText | None = None

    @model_validator(mode="after")
    def _named(self) -> UpdateKey:
        if self.key is None and self.key_alias is None:
            raise ValueError("either key or key_alias must be provided")
        return self


class RegenerateKey(KeyFields):
    key: KeyText | None = None
    new_key: KeyText | None = None
    grace_period: DurationText | Literal[""] | None = None


class NamedKeys(Body):
    """Raw keys or hashes, or aliases."""

    keys: Annotated[list[KeyText], Field(max_length=1000)] | None = None
    key_aliases: Annotated[list[Name], Field(max_length=1000)] | None = None

    @model_validator(mode="after")
    def _some(self) -> NamedKeys:
        if not self.keys and not self.key_aliases:
            raise ValueError("At least one of 'keys' or 'key_aliases' must be provided.")
        return self


class OneKey(Body):
    key: KeyText


class ResetSpend(Body):
    reset_to: Annotated[float, Field(strict=True)]


class BulkItem(UpdateKey):
    """One update of many."""

    key: KeyText


class BulkUpdate(Body):
    keys: list[BulkItem]
