"""The gateway's settings: where it listens and whom it talks to. What it serves stands in its document."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from routeiq.clients.control import RESOLVE_TIMEOUT_S
from routeiq.clients.routing_batches import PENDING as BATCH_PENDING
from routeiq.clients.routing_batches import SIZE as BATCH_SIZE
from routeiq.clients.routing_batches import WAIT_S as BATCH_WAIT_S
from routeiq.clients.routing_pods import RESOLVE_EVERY_S, join, split_addresses
from routeiq.config.environment import LaunchSettings
from routeiq.config.state import State
from routeiq.kit.cors import CORS, split_origins
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.master_key import refuse_well_known
from routeiq.kit.outbound.stores import places
from routeiq.kit.redis import RedisSettings
from routeiq.kit.settings import Port

PREFIX = "ROUTEIQ_GATEWAY_"
CORS_ORIGINS = "ROUTEIQ_CORS_ORIGINS"
"""The contract's name (2.3)."""
NATS_URL = "ROUTEIQ_NATS_URL"
ENCRYPTION_KEY = "ROUTEIQ_ENCRYPTION_KEY"
"""Of the suite, like the one above: they have one value for every service."""
POD_NAME = "POD_NAME"
"""As Kubernetes' downward API gives it."""
CACHE_SIZE, CACHE_TTL_S = 4096, 300.0
CONVERSATIONS, CONVERSATION_TTL_S = 10_000, 3600.0
GENERATE_CACHE_TTL_S, GENERATE_CACHE_SIZE = 3600.0, 1000
BUDGET_STATUSES = frozenset({402, 422, 429})
CALLERS, TTL_S, UNKNOWN_TTL_S, STALE_S = 10_000, 60.0, 10.0, 24 * 3600.0


def _addresses(text: str) -> str:
    try:
        split_addresses(text)
    except ConfigurationError as error:
        raise ValueError(error.problems[0]) from None
    return text


def _optional_addresses(text: str) -> str:
    return _addresses(text) if text else text


def _origins(text: str) -> str:
    split_origins(text)
    return text


def _or_the_contracts(url: SecretStr) -> SecretStr:
    """Of Redis. Raises: ValueError."""
    try:
        return url if url else SecretStr(RedisSettings().url())
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise ValueError(f"REDIS_{str(first['loc'][0]).upper()}: {first['msg']}") from None


def _refusal_status(status: int) -> int:
    if status not in BUDGET_STATUSES:
        raise ValueError("one of 402, 422 and 429")
    return status


WithoutRedis = Literal["local", "closed"]
Addresses = Annotated[str, AfterValidator(_addresses)]
Positive = Annotated[float, Field(gt=0)]


def split_names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())


class StartSettings(BaseSettings):
    """What is read before there is a document. The same prefix."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    config_from: Literal["own", "fleet"] = "own"
    """Which document it starts with: its `own`, or the `fleet`'s: the last that it kept, else its own if one is named,
    else none, and it is not ready then. In both cases it follows what config-sync says over NATS."""
    state_dir: Path | None = None
    """A folder of this gateway's own, where it keeps the fleet's document, and what was added by API, for a start
    without NATS and control."""


class Settings(StartSettings):
    """Prefix `ROUTEIQ_GATEWAY_`. The LITELLM_* names of the contract are read by the command line and passed in."""

    host: str = "127.0.0.1"
    port: Port = 4000
    ops_port: Port = 4001
    """Liveness, readiness and metrics (0: any free port)."""
    ops_host: str = "127.0.0.1"
    api_port: Port = 0
    """A further port for `/api/v1` alone, usually 8200 (0: none)."""
    master_key: SecretStr
    """No default: without a key nothing may be served."""
    routing_address: Addresses
    """`host:port` of the routing service, or several with commas between; a name may stand for several pods."""
    routing_resolve_s: Positive = RESOLVE_EVERY_S
    """How often those names are looked up."""
    routing_batch_size: Annotated[int, Field(ge=1, le=256)] = BATCH_SIZE
    """Decisions in one call at most; the routing service encodes 8 together."""
    routing_batch_wait_ms: Annotated[float, Field(ge=0, le=100)] = BATCH_WAIT_S * 1000
    """How long a decision waits for company, for each call that is under way."""
    routing_pending: Annotated[int, Field(ge=1)] = BATCH_PENDING
    """Decisions that may ever wait for an answer; more, or more than come in time, take the fallback `overloaded`."""
    decision_cache_size: Annotated[int, Field(ge=0)] = CACHE_SIZE
    """Decisions kept, about 4 KB each; 0: none. As many prompts are known again by their bytes."""
    decision_cache_ttl_s: Positive = CACHE_TTL_S
    conversations: Annotated[int, Field(ge=0)] = CONVERSATIONS
    """Conversations whose model is kept in this process; 0: none."""
    conversation_ttl_s: Positive = CONVERSATION_TTL_S
    """How long after its last turn a conversation keeps its model."""
    control_url: str = ""
    """`http://host:port` of control, for what it owns of the API; empty: that is answered with 503."""
    config_sync_url: str = ""
    """The same of config-sync."""
    control_ops_url: str = ""
    """`http://host:port` of its second port, which says whether it is ready."""
    control_address: Annotated[str, AfterValidator(_optional_addresses)] = ""
    """`host:port` of control's gRPC, or several with commas between; empty: there are no virtual keys, and nothing is
    added by API."""
    overlay_every_s: Positive = 10.0
    """How often control is asked for what was added by API, in case that nobody could say so."""
    nats_url: Annotated[SecretStr, Field(validation_alias=NATS_URL)] = SecretStr("")
    """`nats://token@host:port`, several with commas between; empty: changes are seen when they are asked for."""
    pod_name: Annotated[str, Field(validation_alias=POD_NAME)] = ""
    """How it is called in the fleet's roster; empty: by its host and process."""
    journal_dir: Path | None = None
    """Where usage is written down until it is in the ledger, each process in a folder of its own; none: `journal` in
    `state_dir`. With neither, or without NATS and control, no usage is recorded. It wants a disk that outlives the
    process, whose file system keeps what `posix_fallocate` promises."""
    journal_max_mib: Annotated[int, Field(ge=16)] | None = None
    """How large it may become, with what dead processes left: then requests are refused (503, `journal_full`) until
    control has some of it. None: as the disk has room."""
    control_timeout_ms: Annotated[float, Field(gt=0, le=60_000)] = RESOLVE_TIMEOUT_S * 1000
    """How long a key that is not known here may wait for control."""
    callers: Annotated[int, Field(ge=1)] = CALLERS
    """Virtual keys, and as many customers with overrides, whose answers are kept in this process."""
    caller_ttl_s: Annotated[float, Field(gt=0, le=3600)] = TTL_S
    """How old such an answer may be while control can be asked; less with NATS, which tells of changes."""
    unknown_key_ttl_s: Annotated[float, Field(gt=0, le=3600)] = UNKNOWN_TTL_S
    """How long a key that does not exist is not asked for again."""
    caller_stale_s: Annotated[float, Field(ge=0)] = STALE_S
    """How old it may be while control cannot be asked."""
    budget_exceeded_status: Annotated[int, AfterValidator(_refusal_status)] = 422
    """Of the answer to who has no budget left: 422, which OpenAI's SDKs do not try again, 402, or 429."""
    budgets_without_redis: WithoutRedis = "local"
    """Where gateways share a Redis and it is away: each goes on by what it last knew (`local`), or refuses who has a
    budget or a limit of requests at one time with 503 (`closed`)."""
    override_strict: bool = False
    """True: a customer whose override cannot be served gets 503, not another model."""
    generate_cache_ttl_s: Annotated[float, Field(ge=0)] = GENERATE_CACHE_TTL_S
    """How long an answer of `/api/v1/generate` is given again for the same question; 0: none is."""
    generate_cache_size: Annotated[int, Field(ge=0)] = GENERATE_CACHE_SIZE
    """Such answers kept in this process, some KB each; 0: none."""
    generate_cache_off: str = ""
    """Services, with commas between, of which none is kept."""
    generate_cache_shared: str = ""
    """Services, with commas between, whose customers get each other's."""
    redis_url: Annotated[SecretStr, AfterValidator(_or_the_contracts), Field(validate_default=True)] = SecretStr("")
    """`redis://user:password@host:port/db`; empty: as the REDIS_* names say, and none without them."""
    limits_without_redis: Literal["open", "closed"] = "open"
    """While Redis is away: `open`: each gateway counts for itself; `closed`: whoever has a limit gets 503."""
    encryption_key: Annotated[SecretStr, Field(validation_alias=ENCRYPTION_KEY)] = SecretStr("")
    """Opens what control has sealed, and seals what is kept in Redis; empty: nothing is. Several, the newest first,
    with commas between."""
    service_keys: Annotated[SecretStr, Field(validation_alias="SERVICE_KEYS")] = SecretStr("")
    """Keys of the LLM Gateway API (`X-Service-Key`), with commas between; empty: none."""
    identity_key: Path
    """PEM file of the Ed25519 private key that signs what this gateway says to other services."""
    cors_origins: Annotated[str, AfterValidator(_origins), Field(validation_alias=CORS_ORIGINS)] = ""
    """Web pages that may call: origins with commas between, or `*`; empty: none."""
    max_concurrency: Annotated[int, Field(ge=0)] = 2000
    """Requests to models that may run at once; one more gets 503 with `Retry-After` (0: no limit)."""
    drain_delay_s: Annotated[float, Field(ge=0)] = 0.0
    """After SIGTERM: how long requests are still taken while readiness already says no, for endpoints to notice."""
    drain_s: Annotated[float, Field(gt=0)] = 30.0
    """After that: how long what runs may take. A stream that is still open then ends with an error event."""
    wait_for_dependencies: bool = False
    """True: not ready before routing and control have served once."""

    def cors(self) -> CORS | None:
        """None: no web page may call."""
        origins = split_origins(self.cors_origins)
        return CORS(origins) if origins else None

    def own_services(self) -> list[str]:
        """`host:port` of the services that no provider's URL may reach."""
        grpc = [one.strip() for one in (*self.routing_address.split(","), *self.control_address.split(","))]
        nats, redis = self.nats_url.get_secret_value(), self.redis_url.get_secret_value()
        given = (self.control_url, self.control_ops_url, self.config_sync_url, redis, nats)
        urls = [place for url in given for place in places(url)]
        ports = ((self.host, self.port), (self.host, self.api_port), (self.ops_host, self.ops_port))
        return [one for one in (*grpc, *urls, *(join(host, port) for host, port in ports if port)) if one]


CONTRACT_NAMES = {
    "max_concurrency": "ROUTEIQ_MAX_CONCURRENT_REQUESTS",
    "drain_s": "ROUTEIQ_DRAIN_TIMEOUT_SECONDS",
    "conversations": "CONVERSATION_AFFINITY_MAX_ENTRIES",
    "conversation_ttl_s": "CONVERSATION_AFFINITY_TTL",
}
"""Older names of settings. One of ours wins over them."""


def contract_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """What the older names say of settings that have no newer one in `environ`."""
    return {
        field: environ[name]
        for field, name in CONTRACT_NAMES.items()
        if environ.get(name) and not environ.get(f"{PREFIX}{field.upper()}")
    }


def read_settings(launch: LaunchSettings, state: State, environ: Mapping[str, str]) -> Settings:
    """The environment's settings, the LITELLM_* names over them, the document's master key where nobody else gave one.

    Raises: ConfigurationError: what is missing or wrong, by its variable.
    """
    older = contract_settings(environ)
    given: dict[str, Any] = {"host": launch.host, "port": launch.port, "master_key": launch.master_key, **older}
    if launch.master_key is None and state.master_key is not None:
        given["master_key"] = refuse_well_known(state.master_key, source="general_settings.master_key")
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise ConfigurationError([_problem(one, older) for one in error.errors(include_input=False)]) from None


def read_start_settings() -> StartSettings:
    """The environment's. Raises: ConfigurationError: what is wrong, by its variable."""
    try:
        return StartSettings()
    except ValidationError as error:
        raise ConfigurationError([_problem(one, ()) for one in error.errors(include_input=False)]) from None


def _problem(error: ErrorDetails, older: Collection[str]) -> str:
    name = str(error["loc"][0])
    own = {one: one for one in (CORS_ORIGINS, NATS_URL, ENCRYPTION_KEY, POD_NAME)}
    own["master_key"] = "LITELLM_MASTER_KEY"
    variable = CONTRACT_NAMES[name] if name in older else own.get(name, f"{PREFIX}{name.upper()}")
    return f"{variable}: {error['msg']}"
