"""The seam between deciding and executing: stages up to `select` yield a `Plan`, `attempt` and `relay` execute it.

An executor knows nothing of keys, budgets or routing; what it did is an `Outcome`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from routeiq.config.state import Deployment
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


@dataclass(frozen=True, slots=True)
class Decision:
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


@dataclass(frozen=True, slots=True)
class Plan:
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
    """How many more calls than one it may cost."""
    state_version: str


@dataclass(slots=True)
class Usage:
    """Tokens as the upstream reported them."""

    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a plan. `status` is what the client saw; 499 when it left."""

    status: int
    deployment: Deployment | None
    attempts: int
    usage: Usage | None
    streamed_bytes: int
    error: str = ""
