"""`router_settings`: how a deployment is picked, and what happens when it fails."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field

from routeiq.config.document.failover import AllowedFailsPolicy, FallbackList, RetryPolicy
from routeiq.config.document.names import Name
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
    llm_data_path: str | None = Field(
        default=None,
        min_length=1,
        description="A JSON file (`llm_candidates.json`, both shapes) with prices, context windows and capabilities of "
        "models, for what the document does not say.",
    )
    lowest_latency_buffer: float = Field(
        default=0.0,
        ge=0,
        description="latency-based-routing: who is slower than the fastest by less than this share counts as fast.",
    )
    ttl: float = Field(
        default=3600.0, gt=0, description="latency-based-routing: seconds after which a measurement is forgotten."
    )

    later: ClassVar[frozenset[str]] = words(
        """
        hot_reload reload_interval model_s3_bucket model_s3_key embedding_model embedding_device
        label_mapping use_inference_only config_path centroid_dir confidence_threshold profile session_ttl
        tier_mapping rpm tpm max_latency_list_size
        """
    )


class AliasTarget(Section):
    """What an alias stands for. A text alone is its `model`."""

    model: Name = Field(description="A `model_name`, a name that a wildcard matches, or `auto`.")
    hidden: bool = Field(default=False, description="true: `/v1/models` does not list the alias.")


def _target(value: object) -> object:
    return {"model": value} if isinstance(value, str) else value


class RouterSettings(Section):
    """Names of LiteLLM's router."""

    routing_strategy: Annotated[str, AfterValidator(accept)] = Field(
        default=DEFAULT, description="How a deployment is picked inside a group; llmrouter-* for learned routing."
    )
    routing_strategy_args: RoutingStrategyArgs = Field(
        default_factory=RoutingStrategyArgs, description="Arguments of the strategy."
    )
    num_retries: int | None = Field(
        default=None, ge=0, le=100, description="Attempts after the first, in each group that is tried. Default 2."
    )
    retry_after: float = Field(
        default=0.0, ge=0, description="Shortest pause, in seconds, before a deployment is tried again."
    )
    retry_policy: RetryPolicy = Field(default_factory=RetryPolicy, description="Retries by kind of failure.")
    model_group_retry_policy: dict[str, RetryPolicy] = Field(
        default_factory=dict, description="The same for single groups, by `model_name`; it replaces `retry_policy`."
    )
    timeout: float | None = Field(
        default=None, gt=0, description="Seconds for a request with all its attempts. Default 600."
    )
    stream_timeout: float | None = Field(
        default=None, gt=0, description="`stream_timeout` of deployments that have none of their own."
    )
    model_group_alias: dict[Name, Annotated[AliasTarget, BeforeValidator(_target)]] = Field(
        default_factory=dict,
        description="Further names: `{alias: model_name}` or `{alias: {model: model_name, hidden: true}}`.",
    )
    fallbacks: FallbackList | None = Field(
        default=None, description='Groups to try when a group fails: `[{a: [b, c]}]`; `"*"` stands for all others.'
    )
    default_fallbacks: tuple[str, ...] | None = Field(
        default=None, description="Groups to try for every group that `fallbacks` does not name."
    )
    context_window_fallbacks: FallbackList | None = Field(
        default=None, description="Where a request goes whose prompt is too long for its group."
    )
    content_policy_fallbacks: FallbackList | None = Field(
        default=None, description="Where a request goes that the group's provider refused by its content policy."
    )
    max_fallbacks: int = Field(default=5, ge=0, le=100, description="How many further groups a request may try.")
    allowed_fails: int | None = Field(
        default=None, ge=0, description="Failures in a row without a cooldown; the next one cools. Default 3."
    )
    allowed_fails_policy: AllowedFailsPolicy = Field(
        default_factory=AllowedFailsPolicy, description="The same by kind of failure."
    )
    cooldown_time: float = Field(
        default=5.0, ge=0, description="Seconds that a failing deployment is put behind the others; 0: never."
    )
    disable_cooldowns: bool = Field(default=False, description="true: no deployment is ever cooled.")

    later: ClassVar[frozenset[str]] = words(
        """
        enable_pre_call_checks optional_pre_call_checks
        enable_tag_filtering tag_filtering_match_any tag_routing_prefix cache_responses cache_kwargs caching_groups
        client_ttl polling_interval default_priority default_litellm_params default_max_parallel_requests redis_url
        redis_host redis_port redis_password redis_db provider_budget_config routing_groups alerting_config
        set_verbose debug_level assistants_config search_tools guardrail_list router_general_settings
        deployment_affinity_ttl_seconds model_group_affinity_config ignore_invalid_deployments
        enable_health_check_routing health_check_staleness_threshold health_check_ignore_transient_errors
        background_health_check_model_groups enable_weighted_failover weights max_retries plugins
        """
    )
