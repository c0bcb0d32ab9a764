"""What the document comes down to: frozen, resolved, ready to serve. Built by `config.build`, read by every service.

A request sees one `State` from begin to end. Prices are USD per token, as in LiteLLM's documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

from routeiq.config.http_client_kind import HTTPClientKind
from routeiq.config.price import Price
from routeiq.config.prices import ModelFacts
from routeiq.config.quota import Quota
from routeiq.config.statuses import NO_STATUSES, CooldownSettings
from routeiq.kit.outbound import Origin

DeploymentId = NewType("DeploymentId", str)
ModelName = NewType("ModelName", str)

EMPTY: Mapping[str, object] = MappingProxyType({})
OFFERED = ModelName("/api/v1/generate")
"""A group that no request can name: what the LLM Gateway API chooses among."""
_NO_GROUPS: Mapping[ModelName, Mapping[int, int]] = MappingProxyType({})
_NO_FACTS: Mapping[str, ModelFacts] = MappingProxyType({})
ANY_PROVIDER = "*"
"""The provider of a wildcard's deployment, where the requested name says it."""


class Mode(StrEnum):
    """What a deployment serves; LiteLLM's `model_info.mode`."""

    CHAT = "chat"
    EMBEDDING = "embedding"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One entry of `model_list`. `id` is `model_info.id`, else derived from the parameters."""

    id: DeploymentId
    group: ModelName
    provider: str
    """The part of `litellm_params.model` before the first slash (`openai` without one), or `custom_llm_provider`.

    `routeiq` is the suite itself: the routing service's encoder, offered as the embedding model `all-MiniLM-L6-v2`.
    """
    model: str
    """What the provider calls it: the rest of `litellm_params.model`."""
    candidate: str
    """The name in decisions: the group's, or in a group of different models this deployment's own.

    Deployments of one group that share it are copies of one model. Among the groups of `auto`, and within a routed
    group, it stands for one model only.
    """
    mode: Mode = Mode.CHAT
    api_base: str | None = None
    api_key: str | None = field(default=None, repr=False)
    timeout_s: float | None = None
    stream_timeout_s: float | None = None
    max_retries: int | None = None
    weight: float = 1.0
    """Share of the group's requests; 0: none of its own, it serves only when others fail."""
    order: int | None = None
    """Lower ones are tried first; None comes last."""
    rpm: float | None = None
    tpm: float | None = None
    max_parallel: int | None = None
    cooldown_s: float | None = None
    """None: what the upstream asks for, else the router's."""
    input_price: float | None = None
    """USD a token, of the entry or of LiteLLM's price file; None: unknown."""
    output_price: float | None = None
    price: Price | None = field(default=None, repr=False)
    """What its tokens cost, exactly, of every kind; the two above are for choosing. None: unknown."""
    max_input_tokens: int | None = None
    supports_tools: bool | None = None
    """None: unknown, which passes the filter."""
    supports_vision: bool | None = None
    like: str | None = None
    """The artifact's candidate that this model behaves like (`model_info.routeiq.like`)."""
    quality_offset: float = 0.0
    http_client: HTTPClientKind = HTTPClientKind.POOL
    origin: Origin = Origin.DOCUMENT
    """On whose word its `api_base` is called; where the entry has none of its own, always the operator's."""
    access_groups: tuple[str, ...] = ()
    """Names by which keys may be allowed to call it (`model_info.access_groups`)."""
    entry: ModelName | None = None
    """The `model_name` of its entry, where it serves under another: an alias, or a name that a wildcard matches."""
    quota: Quota | None = None
    """Of the provider of the LLM Gateway API that it belongs to."""
    params: Mapping[str, object] = field(default_factory=lambda: EMPTY, repr=False)
    """Everything else of `litellm_params` that a provider may want, with references to the environment resolved."""
    derived: dict[object, object] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What its users worked out from it, by who did: it goes when the deployment goes. Never part of what it says."""

    @property
    def billed_as(self) -> ModelName:
        """In budgets and records: the name that an alias stands for, or that a wildcard matched."""
        if self.entry is None:
            return self.group
        return self.entry if "*" not in self.entry else ModelName(self.candidate)


@dataclass(frozen=True, slots=True)
class Group:
    """All deployments of one public model name."""

    name: ModelName
    deployments: tuple[Deployment, ...]
    learned: bool = False
    """True: its deployments are different models and the strategy is `llmrouter-*`, so a request for it is routed."""

    @property
    def mode(self) -> Mode:
        return self.deployments[0].mode


@dataclass(frozen=True, slots=True)
class ProviderAccess:
    """How the environment says that a provider is called; None: by its usual address, without a key."""

    api_base: str | None = None
    api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Entries whose `model_name` holds `*`. `config.names` makes of them the group of a name that they match.

    `*` in a deployment's `model` is what the request has in its place; `*` as `provider`, that its first part says it.
    """

    group: Group
    facts: Mapping[str, ModelFacts] = field(default_factory=lambda: _NO_FACTS, repr=False)
    """What is publicly known of the models that it may be asked for, by `provider/model`."""

    @property
    def pattern(self) -> str:
        return self.group.name


@dataclass(frozen=True, slots=True)
class FallbackNames:
    """The groups to try when one fails, those of its fallbacks included: in order, each once, none of them itself."""

    general: tuple[ModelName, ...] = ()
    context_window: tuple[ModelName, ...] = ()
    content_policy: tuple[ModelName, ...] = ()


_NO_FALLBACKS: Mapping[ModelName, FallbackNames] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RoutingSettings:
    """`router_settings` and `routeiq.auto`. `auto_models` are the groups that `auto` chooses among, in document order.

    It is empty where the document has no chat model or calls a model of its own `auto_name`: that one then serves.
    """

    strategy: str = "simple-shuffle"
    auto_name: str = "auto"
    auto_models: tuple[ModelName, ...] = ()
    auto_aliases: frozenset[ModelName] = frozenset()
    cost_weight: float = 0.03
    deadline_s: float = 0.25
    fallback_model: ModelName | None = None
    """Serves `auto` when routing cannot answer; None: the first of `auto_models`."""
    sticky: bool = True
    """A conversation keeps its model unless a switch pays, by more than `switch_margin` of quality."""
    switch_margin: float = 0.02
    min_confidence: float = 0.0
    max_novelty: float = 1.0
    """Below the one or above the other the fallback model serves instead of the learned choice."""
    num_retries: int = 2
    """Calls after the first, in each group that is tried."""
    retry_pause_s: float = 0.0
    """The shortest pause before the same deployment is called again."""
    retries_by_status: Mapping[int, int] = field(default_factory=lambda: NO_STATUSES)
    timeout_s: float = 600.0
    artifact_dir: str | None = None
    """Of the document, as a path; in one that was sent here as it was written, of the machine that it came from."""
    artifact: str | None = None
    """Instead of a directory: the id of an artifact, or the URL of an archive of one."""
    group_retries_by_status: Mapping[ModelName, Mapping[int, int]] = field(default_factory=lambda: _NO_GROUPS)
    """Instead of `retries_by_status`, for the groups that have their own."""
    fallbacks: Mapping[ModelName, FallbackNames] = field(default_factory=lambda: _NO_FALLBACKS)
    """By the requested name; a name that is not in it has none."""
    cooldown: CooldownSettings = field(default_factory=CooldownSettings)
    latency_buffer: float = 0.0
    latency_ttl_s: float = 3600.0

    def retry_statuses(self, deployment: Deployment) -> Mapping[int, int]:
        """Retries by status in the group of a deployment: of the requested name, else of the entry behind it."""
        if not self.group_retries_by_status:
            return self.retries_by_status
        own = self.group_retries_by_status.get(deployment.group)
        if own is None and deployment.entry is not None:
            own = self.group_retries_by_status.get(deployment.entry)
        return self.retries_by_status if own is None else own

    def fallbacks_of(self, name: str, group: Group | None) -> FallbackNames | None:
        """Of a requested name, else of the entry behind its group (None: `auto`); None: it has none."""
        own = self.fallbacks.get(ModelName(name))
        if own is not None:
            return own
        entry = group.deployments[0].entry if group is not None else ModelName(self.auto_name)
        return None if entry is None else self.fallbacks.get(entry)

    def is_auto(self, name: str) -> bool:
        """Whether `name` asks for learned routing over `auto_models`."""
        return bool(self.auto_models) and (name == self.auto_name or name in self.auto_aliases)


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    """A provider of the LLM Gateway API. `models`: deployments whose groups are called `<provider>/<model>`."""

    name: str
    display_name: str
    base_url: str | None
    models: tuple[Deployment, ...]
    is_enabled: bool = True
    rate_limit_rpm: int = 60
    rate_limit_tpm: int = 100_000
    priority: int = 10
    origin: Origin = Origin.DOCUMENT
    """Whether the document or the API has it."""


@dataclass(frozen=True, slots=True)
class OverrideEntry:
    """A customer's model, of the document. `service_name` None: for every service."""

    user_id: str
    service_name: str | None
    provider_name: str
    model_name: str


_NOTHING_NAMED: Mapping[ModelName, Group] = MappingProxyType({})
_NO_ACCESS: Mapping[str, ProviderAccess] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class State:
    """One version of everything the gateway serves from. `groups` has no entry for `auto`; see `RoutingSettings`."""

    version: str
    groups: Mapping[ModelName, Group]
    """By `model_name`. `config.names.find_group` knows the other names that a request may use."""
    routing: RoutingSettings
    named: Mapping[ModelName, Group] = field(default_factory=lambda: _NOTHING_NAMED)
    """Further names: aliases, which win over `groups`, and what the document itself asks of a wildcard."""
    listed_aliases: tuple[ModelName, ...] = ()
    """Those of the aliases that are shown to callers, `auto`'s included."""
    wildcards: tuple[Wildcard, ...] = ()
    """In the order in which they are tried: the most specific first."""
    providers_in_reach: Mapping[str, ProviderAccess] = field(default_factory=lambda: _NO_ACCESS)
    """For wildcards whose requests say the provider."""
    providers: tuple[ProviderEntry, ...] = ()
    provided: Mapping[ModelName, Group] = field(default_factory=lambda: _NOTHING_NAMED)
    """The models of enabled providers by `<provider>/<model>`, where that name is nobody else's."""
    overrides: tuple[OverrideEntry, ...] = ()
    has_overrides: bool = False
    """Whether there are any, those included that are looked up one by one."""
    master_key: str | None = field(default=None, repr=False)
    body_limit_bytes: int = 10 * 1024 * 1024
    warnings: tuple[str, ...] = ()

    def group(self, name: str) -> Group | None:
        """The group of that `model_name`, or None."""
        return self.groups.get(ModelName(name))

    def named_group(self, name: str) -> Group | None:
        """The group of that name: an alias's, a model's or a provider's. None: `auto`, a wildcard or nobody has it."""
        asked = ModelName(name)
        return self.named.get(asked) or self.groups.get(asked) or self.provided.get(asked)

    def entries(self) -> Iterator[Group]:
        """Every group as its entries say it, each deployment once: wildcards too, aliases not. Those of all providers
        are one, because each may take another's place."""
        yield from self.groups.values()
        for wildcard in self.wildcards:
            yield wildcard.group
        offered = tuple(one for provider in self.providers if provider.is_enabled for one in provider.models)
        if offered:
            yield Group(OFFERED, offered)
