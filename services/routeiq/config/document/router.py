"""`router_settings`: how a deployment is picked, and what happens when it fails."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from routeiq.config.document.section import Section
from routeiq.config.document.strategies import DEFAULT, accept
from routeiq.config.words import words

PICKLED = (".pt", ".pth", ".pkl", ".pickle", ".joblib", ".bin", ".safetensors", ".ckpt")


def _artifact(path: str) -> str:
    if path.lower().endswith(PICKLED):
        raise ValueError(
            "a model of this kind is never loaded; train an artifact with `routeiq train` and give its directory"
        )
    return path


class RoutingStrategyArgs(Section):
    """What learned routing loads. LiteLLM's arguments for its own strategies are accepted."""

    model_path: Annotated[str, AfterValidator(_artifact)] | None = Field(
        default=None,
        min_length=1,
        description="Directory of an artifact; `routeiq.artifact` wins. Pickled models are refused.",
    )

    later: ClassVar[frozenset[str]] = words(
        """
        llm_data_path hot_reload reload_interval model_s3_bucket model_s3_key embedding_model embedding_device
        label_mapping use_inference_only config_path centroid_dir confidence_threshold profile session_ttl
        tier_mapping ttl lowest_latency_buffer rpm tpm max_latency_list_size
        """
    )


class RouterSettings(Section):
    """Names of LiteLLM's router."""

    routing_strategy: Annotated[str, AfterValidator(accept)] = Field(
        default=DEFAULT, description="simple-shuffle, or llmrouter-* for learned routing."
    )
    routing_strategy_args: RoutingStrategyArgs = Field(
        default_factory=RoutingStrategyArgs, description="Arguments of the strategy."
    )
    num_retries: int | None = Field(default=None, ge=0, le=100, description="Attempts after the first. Default 2.")
    timeout: float | None = Field(
        default=None, gt=0, description="Seconds for a request with all its attempts. Default 600."
    )

    later: ClassVar[frozenset[str]] = words(
        """
        retry_after retry_policy model_group_retry_policy max_fallbacks stream_timeout allowed_fails
        allowed_fails_policy cooldown_time disable_cooldowns fallbacks default_fallbacks context_window_fallbacks
        content_policy_fallbacks model_group_alias enable_pre_call_checks optional_pre_call_checks
        enable_tag_filtering tag_filtering_match_any tag_routing_prefix cache_responses cache_kwargs caching_groups
        client_ttl polling_interval default_priority default_litellm_params default_max_parallel_requests redis_url
        redis_host redis_port redis_password redis_db provider_budget_config routing_groups alerting_config
        set_verbose debug_level assistants_config search_tools guardrail_list router_general_settings
        deployment_affinity_ttl_seconds model_group_affinity_config ignore_invalid_deployments
        enable_health_check_routing health_check_staleness_threshold health_check_ignore_transient_errors
        background_health_check_model_groups enable_weighted_failover weights max_retries plugins
        """
    )
