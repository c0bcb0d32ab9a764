"""What `/key/*` answers. All of LiteLLM's names are there, those too that mean nothing here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

Words = dict[str, Any]


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class BudgetRow(Answer):
    """`litellm_budget_table`."""

    budget_id: str | None
    max_budget: float | None
    soft_budget: float | None
    max_parallel_requests: int | None
    tpm_limit: int | None
    rpm_limit: int | None
    model_max_budget: Words
    budget_duration: str | None
    budget_reset_at: datetime | None


class KeyInfo(Answer):
    """A key's row without its hash."""

    key_name: str
    key_alias: str | None
    spend: float
    total_spend: float
    max_budget: float | None
    soft_budget: float | None
    expires: datetime | None
    models: list[str]
    aliases: Words
    config: Words
    user_id: str | None
    team_id: str | None
    agent_id: str | None
    project_id: str | None
    organization_id: str | None
    org_id: str | None
    max_parallel_requests: int | None
    metadata: Words
    tpm_limit: int | None
    rpm_limit: int | None
    tpd_limit: int | None
    budget_duration: str | None
    budget_reset_at: datetime | None
    budget_id: str | None
    budget_limits: list[Words] | None
    budget_fallbacks: Words
    allowed_cache_controls: list[str]
    allowed_routes: list[str]
    key_type: str | None
    permissions: Words
    model_spend: Words
    model_max_budget: Words
    soft_budget_cooldown: bool
    blocked: bool
    litellm_budget_table: BudgetRow | None
    object_permission_id: str | None
    object_permission: Words | None
    access_group_ids: list[str]
    router_settings: Words | None
    rotation_count: int
    auto_rotate: bool
    rotation_interval: str | None
    last_rotation_at: datetime | None
    key_rotation_at: datetime | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    settings_updated_at: datetime
    last_active: datetime | None


class KeyRow(KeyInfo):
    token: str


class UserOfKey(Answer):
    user_id: str
    user_email: str | None
    user_alias: str | None
    user_role: str | None = None
    max_budget: float | None = None
    spend: float | None = None


class ListedKey(KeyRow):
    """`user` and `created_by_user` stand there for `expand=user`, `deleted_*` for `status=deleted`."""

    user: UserOfKey | None = None
    created_by_user: UserOfKey | None = None
    deleted_at: datetime | None = None
    deleted_by: str | None = None


class KeyStatus(KeyInfo):
    status: str
    """active, expired, revoked or deleted."""
    deleted_at: datetime | None = None
    deleted_by: str | None = None


class KeyUpdated(KeyRow):
    key: str
    """As it was sent."""


class KeyMade(KeyRow):
    """`key` is the key itself: no other answer has it."""

    key: str
    token_id: str
    end_user_budget_id: str | None
    model_rpm_limit: Words | None
    model_tpm_limit: Words | None
    mcp_rpm_limit: Words | None
    tag_rpm_limit: Words | None
    rpm_limit_type: str | None
    tpm_limit_type: str | None
    default_estimated_output_tokens: int | None
    default_estimated_output_tokens_per_model: Words | None
    allowed_passthrough_routes: list[Any] | None
    denied_passthrough_routes: list[str] | None
    allowed_vector_store_indexes: list[Words] | None
    guardrails: list[str] | None
    policies: list[str] | None
    prompts: list[str] | None
    tags: list[str] | None
    enforced_params: list[str] | None
    disable_global_guardrails: bool | None
    enable_prompt_caching: bool | None
    throttle_on_budget_exceeded: bool | None


class KeyFound(Answer):
    key: str
    info: KeyStatus


class KeysFound(Answer):
    key: list[str] | None
    info: list[KeyStatus]


class KeyPage(Answer):
    keys: list[str | ListedKey]
    total_count: int
    current_page: int
    total_pages: int


class AliasPage(Answer):
    aliases: list[str]
    total_count: int
    current_page: int
    total_pages: int
    size: int


class KeysDeleted(Answer):
    deleted_keys: list[str]


class SpendReset(Answer):
    key_hash: str
    spend: float
    previous_spend: float
    max_budget: float | None
    budget_reset_at: datetime | None


class KeyHealth(Answer):
    key: str
    logging_callbacks: Words | None


class BulkDone(Answer):
    key: str
    key_info: KeyInfo


class BulkFailed(Answer):
    key: str
    key_info: KeyInfo | None
    failed_reason: str


class BulkAnswer(Answer):
    total_requested: int
    successful_updates: list[BulkDone]
    failed_updates: list[BulkFailed]
