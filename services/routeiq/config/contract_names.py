"""The environment names that RouteIQ's predecessors and LiteLLM know: what they set here, and which have no effect.

An environment wins over the document, as everywhere. Addresses, limits and the master key are read where they are
needed: `environment`, the services' settings, the outbound policy, telemetry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from routeiq.config.document import Document
from routeiq.config.document.router import RouterSettings, RoutingStrategyArgs
from routeiq.config.problems import Problems
from routeiq.config.words import words

STRATEGY, MODEL_PATH = "LLMROUTER_ACTIVE_ROUTING_STRATEGY", "LLMROUTER_MODEL_PATH"
CANDIDATES, STICKY = "LLMROUTER_LLM_DATA_PATH", "CONVERSATION_AFFINITY_ENABLED"

NO_EFFECT = words(
    """
    STORE_MODEL_IN_DB LITELLM_RUN_DB_MIGRATIONS LITELLM_SALT_KEY MINIMUM_CUSTOM_KEY_LENGTH
    LITELLM_KEY_ROTATION_GRACE_PERIOD
    DB_MIGRATION_SKIP DB_MIGRATION_MAX_RETRIES DB_MIGRATION_RETRY_DELAY DB_MIGRATION_MAX_DELAY ROUTEIQ_WORKERS
    ROUTEIQ_ENV REDIS_URL
    ADMIN_API_KEY ADMIN_API_KEYS ADMIN_AUTH_ENABLED ROUTEIQ_KEY_PREFIX
    ROUTEIQ_KEY_ROTATION_ENABLED ROUTEIQ_KEY_ROTATION_MAX_AGE_SECONDS ROUTEIQ_MANAGEMENT_RBAC_ENABLED
    ROUTEIQ_MANAGEMENT_OTEL_ENABLED
    LLMROUTER_MODEL_S3_BUCKET LLMROUTER_MODEL_S3_KEY LLMROUTER_HOT_RELOAD LLMROUTER_RELOAD_INTERVAL
    LLMROUTER_EMBEDDING_MODEL LLMROUTER_EMBEDDING_DEVICE LLMROUTER_CUSTOM_ROUTERS_PATH LLMROUTER_STRATEGY_WEIGHTS
    LLMROUTER_EXPERIMENT_ID LLMROUTER_EXPERIMENT_CONFIG LLMROUTER_USE_PIPELINE ROUTEIQ_ROUTING_PROFILE
    ROUTEIQ_CENTROID_ROUTING ROUTEIQ_CENTROID_WARMUP LLMROUTER_ALLOW_PICKLE_MODELS LLMROUTER_MODEL_MANIFEST_PATH
    LLMROUTER_MODEL_HMAC_SECRET LLMROUTER_STRICT_PICKLE_MODE LLMROUTER_PICKLE_ALLOWLIST
    LLMROUTER_ACTIVATION_STATE_PATH
    A2A_GATEWAY_ENABLED A2A_BASE_URL A2A_RAW_STREAMING_ENABLED A2A_RAW_STREAMING_CHUNK_SIZE A2A_TASK_TTL_SECONDS
    A2A_TASK_STORE_MAX_TASKS A2A_TASK_RATE_LIMIT A2A_TRACING_ENABLED
    MCP_GATEWAY_ENABLED LITELLM_ROUTER_MCP_MODE LLMROUTER_ENABLE_MCP_TOOL_INVOCATION MCP_OAUTH_ENABLED
    MCP_PROTOCOL_PROXY_ENABLED MCP_PROXY_CONNECT_TIMEOUT MCP_PROXY_READ_TIMEOUT MCP_HA_SYNC_ENABLED MCP_SYNC_INTERVAL
    MCP_DB_PERSISTENCE_ENABLED MCP_TRACING_ENABLED MCP_SSE_TRANSPORT_ENABLED MCP_SSE_LEGACY_MODE
    MCP_SSE_HEARTBEAT_INTERVAL MCP_SSE_SESSION_TIMEOUT MCP_SSE_MAX_CONNECTION_DURATION MCP_SSE_RETRY_INTERVAL_MS
    MCP_TOOLS_PAGE_SIZE MCP_RESOURCES_PAGE_SIZE MCP_SESSION_TIMEOUT MCP_SERVER_NAME MCP_SERVER_VERSION
    LLMROUTER_SSRF_USE_SYNC_DNS
    POLICY_ENGINE_ENABLED POLICY_ENGINE_FAIL_MODE POLICY_CONFIG_PATH AUDIT_LOG_ENABLED AUDIT_LOG_FAIL_MODE
    ROUTEIQ_COST_RECONCILIATION_ENABLED ROUTEIQ_BACKPRESSURE_EXCLUDED_PATHS ROUTEIQ_PROVIDER_CB_ENABLED
    HTTP_CLIENT_MAX_CONNECTIONS HTTP_CLIENT_MAX_KEEPALIVE HTTP_CLIENT_DEFAULT_TIMEOUT
    ROUTEIQ_HTTP_CLIENT_POOLING_ENABLED
    LLMROUTER_HA_MODE LLMROUTER_CONFIG_SYNC_LEADER_ELECTION_ENABLED LLMROUTER_CONFIG_SYNC_LEASE_SECONDS
    LLMROUTER_CONFIG_SYNC_RENEW_INTERVAL_SECONDS LLMROUTER_CONFIG_SYNC_LOCK_NAME ROUTEIQ_LEADER_ELECTION_BACKEND
    ROUTEIQ_LEADER_MIGRATIONS ROUTEIQ_LEADER_MIGRATIONS_FAIL_OPEN
    OTEL_SERVICE_VERSION OTEL_DEPLOYMENT_ENVIRONMENT OTEL_METRICS_EXPORTER OTEL_LOGS_EXPORTER
    ROUTEIQ_OTEL_TRACES_SAMPLER ROUTEIQ_OTEL_TRACES_SAMPLER_ARG LLMROUTER_OTEL_SAMPLE_RATE
    LLMROUTER_ROUTER_CALLBACK_ENABLED LOG_QUERIES
    CACHE_ENABLED CACHE_SEMANTIC_ENABLED CACHE_TTL_SECONDS CACHE_L1_MAX_SIZE CACHE_SIMILARITY_THRESHOLD
    CACHE_MAX_TEMPERATURE CACHE_EMBEDDING_MODEL CACHE_REDIS_URL
    LLMROUTER_PLUGINS LLMROUTER_PLUGINS_ALLOWLIST LLMROUTER_PLUGINS_ALLOWED_CAPABILITIES LLMROUTER_PLUGINS_FAILURE_MODE
    ROUTEIQ_PLUGIN_STARTUP_TIMEOUT ROUTEIQ_SKILLS_DIR GUARDRAIL_PII_ENABLED GUARDRAIL_INJECTION_ENABLED
    COST_TRACKER_ENABLED
    """
)
"""Of the contract's names (section 2.3), and of LiteLLM's. Whoever makes one work takes it out."""
NO_EFFECT_PREFIXES = (
    "ROUTEIQ_OIDC_", "ROUTEIQ_SCIM_", "CONFIG_APPCONFIG_", "ROUTEIQ_QUOTA_", "ROUTEIQ_GOVERNANCE_",
    "ROUTEIQ_USAGE_POLICIES_", "ROUTEIQ_CB_", "ROUTEIQ_EVAL_", "CONTENT_FILTER_", "LLAMAGUARD_", "BEDROCK_GUARDRAIL_",
    "LLMROUTER_PLUGINS_",
)  # fmt: skip


def warn_of_names(names: Iterable[str], environ: Mapping[str, str], problems: Problems) -> None:
    """A warning for each of `names` that is set and does nothing."""
    for name in sorted(names):
        if environ[name] and (name in NO_EFFECT or name.startswith(NO_EFFECT_PREFIXES)):
            problems.warning((name,), "is set in the environment and has no effect yet", line=0)


def obey(document: Document, environ: Mapping[str, str], problems: Problems) -> Document:
    """The document with what the environment says instead. What it says wrongly is an error that names it."""
    router, routeiq = document.router, document.routeiq
    paths = _paths(environ, problems)
    if paths:
        args = router.routing_strategy_args.model_copy(update=paths)
        router = router.model_copy(update={"routing_strategy_args": args})
    if "model_path" in paths:
        routeiq = routeiq.model_copy(update={"artifact": None})
    strategy = _value(RouterSettings, "routing_strategy", STRATEGY, environ, problems)
    if strategy is not None:
        router = router.model_copy(update={"routing_strategy": strategy})
    sticky = _flag(STICKY, environ, problems)
    if sticky is not None:
        routeiq = routeiq.model_copy(update={"auto": routeiq.auto.model_copy(update={"sticky": sticky})})
    return replace(document, router=router, routeiq=routeiq)


def _paths(environ: Mapping[str, str], problems: Problems) -> dict[str, str]:
    given = {
        field: _value(RoutingStrategyArgs, field, name, environ, problems)
        for field, name in (("model_path", MODEL_PATH), ("llm_data_path", CANDIDATES))
    }
    return {field: value for field, value in given.items() if value is not None}


def _value(kind: type[BaseModel], field: str, name: str, environ: Mapping[str, str], problems: Problems) -> str | None:
    """The variable's value, as the section's field takes it."""
    given = environ.get(name)
    if not given:
        return None
    try:
        return str(getattr(kind.model_validate({field: given}), field))
    except ValidationError as error:
        problems.error((name,), error.errors(include_input=False)[0]["msg"].removeprefix("Value error, "), line=0)
        return None


_BOOL = TypeAdapter(bool, config=ConfigDict(hide_input_in_errors=True))


def _flag(name: str, environ: Mapping[str, str], problems: Problems) -> bool | None:
    if not environ.get(name):
        return None
    try:
        return _BOOL.validate_python(environ[name])
    except ValidationError:
        problems.error((name,), "must be true or false", line=0)
        return None
