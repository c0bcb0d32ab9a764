"""A user with everything, and what answers say of one."""

from __future__ import annotations

from typing import Any

ROW = {
    "user_id", "user_email", "user_alias", "user_role", "team_id", "organization_id", "object_permission_id", "teams",
    "models", "metadata", "spend", "max_budget", "soft_budget", "budget_duration", "budget_reset_at",
    "max_parallel_requests", "tpm_limit", "rpm_limit", "model_spend", "organization_memberships", "created_at",
    "created_by", "updated_at", "updated_by", "sso_user_id", "organizations", "agent_id", "budget_limits",
    "allowed_cache_controls", "config", "permissions", "aliases", "blocked", "model_max_budget", "budget_fallbacks",
    "object_permission", "model_rpm_limit", "model_tpm_limit", "mcp_rpm_limit", "tag_rpm_limit", "guardrails",
    "policies", "prompts",
}  # fmt: skip
EVERYTHING: dict[str, Any] = {
    "user_id": "u1", "user_email": "u1@example.com", "user_alias": "First", "user_role": "internal_user",
    "max_budget": 10.5, "soft_budget": 5.0, "spend": 1.25, "budget_duration": "30d", "tpm_limit": 1000,
    "rpm_limit": 10, "max_parallel_requests": 2, "models": ["gpt-4o", "openai/*"], "sso_user_id": "sso|1",
    "organizations": ["o1"], "agent_id": "a1", "allowed_cache_controls": ["no-cache"], "config": {"a": 1},
    "permissions": {"get_spend_routes": True}, "aliases": {"mine": "gpt-4o"}, "blocked": False,
    "model_max_budget": {"gpt-4o": 5.0}, "budget_fallbacks": {"gpt-4o": ["gpt-4o-mini"]},
    "object_permission": {"mcp_servers": ["github"]}, "model_rpm_limit": {"gpt-4o": 1},
    "model_tpm_limit": {"gpt-4o": 100}, "mcp_rpm_limit": {"github": 3}, "tag_rpm_limit": {"t": 4},
    "guardrails": ["pii"], "policies": ["p"], "prompts": ["hello"],
}  # fmt: skip
