"""The seam between deciding and executing: stages up to `select` yield a `Plan`, `attempt` and `relay` execute it.

An executor knows nothing of keys, budgets or routing; what it did is an `Outcome`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from routeiq.config.state import Deployment, DeploymentId
from routeiq.config.statuses import NO_STATUSES
from routeiq.kit.error_bodies import Family


class Endpoint(StrEnum):
    """The operations that providers serve, by the path that their clients call."""

    CHAT = "chat/completions"
    COMPLETIONS = "completions"
    EMBEDDINGS = "embeddings"
    RESPONSES = "responses"
    MESSAGES = "messages"
    """Anthropic's; its errors have Anthropic's shape."""

    @property
    def native(self) -> bool:
        """Relayed only to deployments that speak this dialect themselves."""
        return self in _NATIVE

    @property
    def errors(self) -> Family:
        """The shape of its error bodies."""
        return Family.ANTHROPIC if self is Endpoint.MESSAGES else Family.OPENAI


_NATIVE = frozenset({Endpoint.RESPONSES, Endpoint.MESSAGES})


class Decision(msgspec.Struct, frozen=True, gc=False):
    """Why these deployments. All of it stands in response headers and in the trace."""

    decision_id: str
    model: str
    strategy: str
    reason: str
    confidence: float | None = None
    artifact_id: str = ""
    fallback: str = ""
    prior: bool = False
    cached: bool = False
    """True: made before, for an equal question."""


FallbackGroups = tuple[tuple[Deployment, ...], ...]
"""Groups in the order to try, the deployments of each in theirs."""


@dataclass(frozen=True, slots=True)
class Fallbacks:
    """Where a request goes when its own deployments fail."""

    general: FallbackGroups = ()
    context_window: FallbackGroups = ()
    """For a prompt that is too long; without any, `general`."""
    content_policy: FallbackGroups = ()
    """For what the provider refuses; without any, `general`."""


NO_FALLBACKS = Fallbacks()


class Plan(msgspec.Struct, frozen=True, gc=False):
    """Immutable. `deployments` are tried in order; `deadline` is on the clock of `time.monotonic`."""

    request_id: str
    endpoint: Endpoint
    body: Mapping[str, msgspec.Raw]
    stream: bool
    headers: tuple[tuple[str, str], ...]
    deployments: tuple[Deployment, ...]
    decision: Decision
    deadline: float
    retries: int
    """How many more calls than one each group may cost."""
    state_version: str
    fallbacks: Fallbacks = NO_FALLBACKS
    retry_pause_s: float = 0.0
    """The shortest pause before a deployment is called again."""
    retries_by_status: Mapping[int, int] = field(default_factory=lambda: NO_STATUSES)
    """Instead of `retries`, after an answer of that status (502: none, 504: a time-out)."""

    @property
    def most_calls(self) -> int:
        """No executor may make more."""
        each = max(self.retries, *self.retries_by_status.values(), 0) + 1
        fallbacks = self.fallbacks
        special = max(len(fallbacks.context_window), len(fallbacks.content_policy))
        return each * (1 + len(fallbacks.general) + special)


class Usage(msgspec.Struct, gc=False):
    """Tokens as the upstream reported them: all, and which of them were of a kind. No kind is more than the whole."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read: int = 0
    """Of the input: read from the provider's cache."""
    cache_write: int = 0
    """Of the input: written to it."""
    cache_write_1h: int = 0
    """Of `cache_write`: to be kept for an hour instead of five minutes."""
    audio_input: int = 0
    """Of the input, what is not from the cache."""
    image_input: int = 0
    reasoning: int = 0
    """Of the output."""
    audio_output: int = 0
    image_output: int = 0
    service_tier: str = ""
    """In which it was served, if that has prices of its own: a value of `config.price.SERVICE_TIERS`."""


class Fallback(StrEnum):
    """Why another model serves than the one that was chosen."""

    UPSTREAM_FAILED = "upstream_failed"
    CONTEXT_WINDOW = "context_window"
    CONTENT_POLICY = "content_policy"
    UNAVAILABLE = "deployment_unavailable"
    """The chosen one is cooled or full."""


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One call and how it ended."""

    deployment: DeploymentId
    candidate: str
    status: int
    """The upstream's; 502: no answer, 504: a time-out, 499: the client left."""
    reason: str
    """Empty for an answer, else the upstream's error code or ours."""
    seconds: float
    """Until the answer was whole, or a stream's first data was there."""
    group: int = 0
    """0: what was asked for; n: the n-th fallback group."""


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of a plan. `status` is what the client saw; 499 when it left."""

    status: int
    deployment: Deployment | None
    attempts: tuple[Attempt, ...]
    usage: Usage | None
    streamed_bytes: int
    error: str = ""
    fallback: str = ""
    """Why another model served than the chosen one; empty where none did. The words are `Fallback`'s."""
    cached: bool = False
    """It was given before, and nobody was called."""
