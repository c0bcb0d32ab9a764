"""`general_settings` and `litellm_settings`: the proxy's and the library's own switches."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from routeiq.config.document.failover import FallbackList
from routeiq.config.document.management import (
    KeyDefaults,
    KeyGeneration,
    KeyLimits,
    Span,
    TeamDefaults,
    TeamSettings,
    TimeOfDay,
    UserDefaults,
    Zone,
)
from routeiq.config.document.names import Name
from routeiq.config.document.section import Section
from routeiq.config.words import words
from routeiq.kit.checked import USD
from routeiq.kit.master_key import weakness


def _strong(key: str) -> str:
    problem = weakness(key)
    if problem:
        raise ValueError(problem)
    return key


class GeneralSettings(Section):
    """The proxy's own."""

    master_key: Annotated[str, AfterValidator(_strong)] | None = Field(
        default=None,
        repr=False,
        description="The administrator's key; `LITELLM_MASTER_KEY` wins. Well-known and short keys are refused.",
    )
    disable_custom_api_keys: bool = Field(default=False, description="Nobody chooses the text of a key.")
    maximum_spend_logs_retention_period: Span | None = Field(
        default=None,
        description="How long the ledger keeps each request, in whole days; what they come to by day stays. For ever "
        "if it is absent; `ROUTEIQ_CONTROL_USAGE_RETENTION_DAYS` wins.",
    )
    alerting: tuple[str, ...] | None = Field(
        default=None,
        description="Who hears of budgets: `slack` (at `SLACK_WEBHOOK_URL`) and `webhook` (at `WEBHOOK_URL`).",
    )

    later: ClassVar[frozenset[str]] = words(
        """
        database_url database_type database_args database_connection_pool_limit database_connection_timeout
        database_connect_timeout database_socket_timeout database_max_idle_connection_lifetime
        database_extra_connection_params store_model_in_db proxy_budget_rescheduler_min_time
        proxy_budget_rescheduler_max_time proxy_batch_write_at max_parallel_requests global_max_parallel_requests
        max_in_flight_requests_per_worker max_queued_requests_per_worker background_health_checks
        health_check_interval health_check_concurrency health_check_details allow_requests_on_db_unavailable
        alert_types alert_to_webhook_url alerting_args alerting_threshold custom_auth custom_key_generate
        custom_key_update custom_sso disable_auto_add_proxy_admin_to_teams reject_clientside_metadata_tags
        allowed_routes admin_only_routes public_routes pass_through_endpoints disable_spend_logs disable_error_logs
        disable_adding_master_key_hash_to_db disable_master_key_return store_prompts_in_spend_logs
        maximum_spend_logs_retention_interval user_header_name
        user_header_mappings enable_mcp_registry cancel_on_disconnect key_management_system key_management_settings
        use_google_kms use_azure_key_vault completion_model infer_model_from_keys otel enable_jwt_auth litellm_jwtauth
        enforce_user_param enforced_params default_team_disabled ui_access_mode ui_username ui_password
        forward_client_headers_to_llm_api forward_openai_org_id forward_llm_provider_auth_headers max_request_size_mb
        max_response_size_mb proxy_config_reload_interval_seconds supported_db_objects user_api_key_cache_ttl
        user_api_key_cache_max_size token_rate_limit_type use_redis_transaction_buffer use_shared_health_check
        coordination_redis disable_budget_reservation apply_user_budget_to_team_keys mcp_internal_ip_ranges
        mcp_trusted_proxy_ranges use_x_forwarded_for allowed_ips trusted_proxy_ranges enforce_rbac role_permissions
        team_id_default model_list_healthy_only require_end_user_mcp_access_defined always_include_stream_usage
        service_account_settings auto_redirect_ui_login_to_sso block_robots allow_user_auth image_generation_model
        embedding_model database_disable_prepared_statements
        """
    )


class LitellmSettings(Section):
    """The library's own. What works here serves as the default of the same name in `router_settings`."""

    num_retries: int | None = Field(default=None, ge=0, le=100, description="Default of `router_settings.num_retries`.")
    request_timeout: float | None = Field(
        default=None, gt=0, description="Default of `router_settings.timeout`, in seconds."
    )
    fallbacks: FallbackList | None = Field(default=None, description="Default of `router_settings.fallbacks`.")
    default_fallbacks: tuple[str, ...] | None = Field(
        default=None, description="Default of `router_settings.default_fallbacks`."
    )
    context_window_fallbacks: FallbackList | None = Field(
        default=None, description="Default of `router_settings.context_window_fallbacks`."
    )
    content_policy_fallbacks: FallbackList | None = Field(
        default=None, description="Default of `router_settings.content_policy_fallbacks`."
    )
    allowed_fails: int | None = Field(default=None, ge=0, description="Default of `router_settings.allowed_fails`.")
    drop_params: bool = Field(default=False, description="Default of `litellm_params.drop_params`.")
    model_alias_map: dict[Name, Name] = Field(
        default_factory=dict, description="Hidden aliases; `router_settings.model_group_alias` wins."
    )
    default_key_generate_params: KeyDefaults = Field(default_factory=KeyDefaults, description="Of new keys.")
    upperbound_key_generate_params: KeyLimits = Field(default_factory=KeyLimits, description="Of every key.")
    key_generation_settings: KeyGeneration = Field(default_factory=KeyGeneration, description="Who may make keys.")
    default_internal_user_params: UserDefaults = Field(default_factory=UserDefaults, description="Of new users.")
    max_internal_user_budget: USD | None = Field(
        default=None, description="Dollars of an `internal_user` that is given no budget."
    )
    default_max_internal_user_budget: USD | None = Field(
        default=None, description="Default of `max_internal_user_budget`."
    )
    internal_user_budget_duration: Span | None = Field(
        default=None, description="After how long that begins anew, likewise."
    )
    default_team_params: TeamDefaults = Field(default_factory=TeamDefaults, description="Of new teams.")
    default_team_settings: tuple[TeamSettings, ...] = Field(default=(), description="The same in an older form.")
    timezone: Zone = Field(default="UTC", description="Where the days of budgets begin, such as `Europe/Berlin`.")
    budget_reset_time: TimeOfDay = Field(
        default="00:00", description="When they begin, as `HH:MM` or `HH:MM:SS` in quotes."
    )

    later: ClassVar[frozenset[str]] = words(
        """
        cache cache_params enable_caching_on_provider_specific_optional_params callbacks success_callback
        failure_callback service_callbacks service_callback input_callback post_call_rules pre_call_rules
        check_provider_endpoint modify_params set_verbose telemetry json_logs context_window_fallback_dict max_budget
        budget_duration max_user_budget max_end_user_budget max_end_user_budget_id budget_rollover
        key_alias_pattern enable_key_alias_format_validation default_key_max_budget_alert_emails max_ui_session_budget
        turn_off_message_logging redact_user_api_key_info langfuse_default_tags otel otel_config public_agent_groups
        public_model_groups guardrails ssl_verify ssl_certificate datadog_params mcp_aliases cost_discount_config
        cost_margin_config default_redis_batch_cache_expiry s3_callback_params prometheus_initialize_budget_metrics
        custom_prometheus_metadata_labels custom_prometheus_tags require_auth_for_metrics_endpoint force_ipv4
        aiohttp_trust_env budget_exceeded_throttle_percentage
        disable_end_user_cost_tracking disable_end_user_cost_tracking_prometheus_only
        disable_copilot_system_to_assistant disable_hf_tokenizer_download enable_json_schema_validation
        disable_stop_sequence_limit add_function_to_prompt forward_traceparent_to_llm_provider
        global_disable_no_log_param priority_reservation priority_reservation_settings tag_budget_config
        use_chat_completions_url_for_anthropic_messages store_audit_logs suppress_debug_info success_callback_params
        user_url_validation vector_store_registry num_retries_per_request
        """
    )
