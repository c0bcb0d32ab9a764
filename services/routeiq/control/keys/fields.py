"""Where each field of LiteLLM's key requests is kept, and what empties it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

COLUMNS: Mapping[str, str] = {
    "key_alias": "alias",
    "user_id": "user_id",
    "team_id": "team_id",
    "organization_id": "organization_id",
    "budget_id": "budget_id",
    "models": "models",
    "aliases": "aliases",
    "allowed_routes": "allowed_routes",
    "permissions": "permissions",
    "model_max_budget": "model_max_budget",
    "blocked": "blocked",
}
"""Of the table. Null clears them."""

EMPTY: Mapping[str, Callable[[], Any]] = {
    "models": list,
    "aliases": dict,
    "allowed_routes": list,
    "permissions": dict,
    "model_max_budget": dict,
    "blocked": bool,
}

EXTRA = (
    "agent_id",
    "project_id",
    "config",
    "tpd_limit",
    "budget_limits",
    "budget_fallbacks",
    "allowed_cache_controls",
    "object_permission",
    "access_group_ids",
    "router_settings",
    "auto_rotate",
    "rotation_interval",
    "key_type",
)
"""LiteLLM's columns that nothing here reads. Null clears them."""

BACKED = (
    "model_rpm_limit",
    "model_tpm_limit",
    "default_estimated_output_tokens",
    "default_estimated_output_tokens_per_model",
    "mcp_rpm_limit",
    "tag_rpm_limit",
    "rpm_limit_type",
    "tpm_limit_type",
    "enforced_params",
    "temp_budget_increase",
    "temp_budget_expiry",
    "allowed_vector_store_indexes",
    "throttle_on_budget_exceeded",
    "enable_prompt_caching",
    "end_user_budget_id",
    "disable_global_guardrails",
    "guardrails",
    "policies",
    "tags",
    "prompts",
    "allowed_passthrough_routes",
    "denied_passthrough_routes",
)
"""What LiteLLM keeps inside `metadata`, where its clients read it. Null leaves them as they are."""

PERMISSIONS = "permissions"
"""In `metadata`: the names of contract 3.7."""
SERVICE_ACCOUNT = "service_account_id"
"""In `metadata`: it cannot be changed once it is there."""

PRESETS: Mapping[str, list[str]] = {
    "llm_api": ["llm_api_routes"],
    "management": ["management_routes"],
    "read_only": ["info_routes"],
}
"""What a `key_type` allows."""
