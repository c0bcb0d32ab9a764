"""A team with everything, and what answers say of one."""

from __future__ import annotations

from typing import Any

BARE = {
    "tpd_limit", "budget_limits", "router_settings", "access_group_ids", "default_team_member_models",
    "team_member_permissions", "model_max_budget", "object_permission", "admins", "members", "model_rpm_limit",
    "model_tpm_limit", "default_estimated_output_tokens", "default_estimated_output_tokens_per_model", "mcp_rpm_limit",
    "rpm_limit_type", "tpm_limit_type", "allowed_vector_store_indexes", "enforced_batch_output_expires_after",
    "enforced_file_expires_after", "disable_global_guardrails", "guardrails", "policies", "tags",
    "team_member_key_duration", "prompts", "secret_manager_settings", "allowed_passthrough_routes",
    "denied_passthrough_routes", "team_id", "team_alias", "organization_id", "metadata", "tpm_limit", "rpm_limit",
    "max_parallel_requests", "max_budget", "soft_budget", "budget_duration", "budget_reset_at", "models",
    "model_aliases", "blocked", "spend", "model_id", "model_spend", "allow_team_guardrail_config",
    "litellm_model_table", "object_permission_id", "created_at", "created_by", "updated_at", "updated_by",
}  # fmt: skip
ROW = BARE | {"members_with_roles"}
EVERYTHING: dict[str, Any] = {
    "team_id": "t1", "team_alias": "One", "organization_id": "o1", "tpm_limit": 1000, "rpm_limit": 10,
    "tpd_limit": 5000, "max_budget": 10.0, "soft_budget": 5.0, "budget_duration": "7d", "models": ["gpt-4o"],
    "blocked": False, "model_aliases": {"mine": "gpt-4o"}, "model_rpm_limit": {"gpt-4o": 1},
    "model_tpm_limit": {"gpt-4o": 2}, "tags": ["a"], "guardrails": ["pii"], "policies": ["p"], "prompts": ["q"],
    "object_permission": {"vector_stores": ["v"]}, "router_settings": {"num_retries": 1}, "access_group_ids": ["g"],
    "default_team_member_models": ["gpt-4o"], "team_member_permissions": ["/key/generate"],
    "model_max_budget": {"gpt-4o": {"max_budget": 1.0, "budget_duration": "1d"}}, "mcp_rpm_limit": {"m": 1},
    "rpm_limit_type": "best_effort_throughput", "tpm_limit_type": "guaranteed_throughput",
    "team_member_key_duration": "1d", "disable_global_guardrails": True, "spend": 0.5,
    "default_estimated_output_tokens": 100, "default_estimated_output_tokens_per_model": {"gpt-4o": 7},
    "allowed_vector_store_indexes": [{"index_name": "i", "index_permissions": ["read"]}],
    "enforced_batch_output_expires_after": {"seconds": 1}, "enforced_file_expires_after": {"seconds": 1},
    "secret_manager_settings": {"namespace": "n"}, "allowed_passthrough_routes": ["/a"],
    "denied_passthrough_routes": ["/b"], "max_parallel_requests": 4, "admins": ["x"], "members": ["y"],
}  # fmt: skip
