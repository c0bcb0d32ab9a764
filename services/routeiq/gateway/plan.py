"""The seam between deciding and executing: stages up to `select` yield a `Plan`, `attempt` and `relay` execute it.

An executor knows nothing of keys, budgets or routing; what it did is an `Outcome`. Nothing here changes once it is
made, but for a `Usage` while it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from routeiq.config.state import Deployment, DeploymentId
from routeiq.config.statuses import NO_STATUSES
from routeiq.gateway.endpoint import Endpoint


class Decision:
    """Why these deployments. All of it stands in response headers and in the trace. `cached`: made before, for an equal
    question."""

    __slots__ = (
        "artifact_id", "cached", "confidence", "decision_id", "fallback", "model", "prior", "reason", "strategy",
    )  # fmt: skip

    def __init__(
        self,
        decision_id: str,
        model: str,
        strategy: str,
        reason: str,
        confidence: float | None = None,
        artifact_id: str = "",
        fallback: str = "",
        prior: bool = False,
        cached: bool = False,
    ) -> None:
        self.decision_id, self.model, self.strategy, self.reason = decision_id, model, strategy, reason
        self.confidence, self.artifact_id, self.fallback = confidence, artifact_id, fallback
        self.prior, self.cached = prior, cached

    def by(self, strategy: str) -> Decision:
        """The same choice, as one of another strategy's."""
        return Decision(
            self.decision_id, self.model, strategy, self.reason, self.confidence, self.artifact_id, self.fallback,
            self.prior, self.cached,
        )  # fmt: skip

    def instead(self, model: str, reason: str, confidence: float) -> Decision:
        """Another model for the same request, by what is known of it."""
        return Decision(
            self.decision_id, model, self.strategy, reason, confidence, self.artifact_id, self.fallback, False,
            self.cached,
        )  # fmt: skip


FallbackGroups = tuple[tuple[Deployment, ...], ...]
"""Groups in the order to try, the deployments of each in theirs."""


class Fallbacks:
    """Where a request goes when its own deployments fail."""

    __slots__ = ("content_policy", "context_window", "general")

    def __init__(
        self, general: FallbackGroups = (), context_window: FallbackGroups = (), content_policy: FallbackGroups = ()
    ) -> None:
        self.general = general
        self.context_window = context_window
        """For a prompt that is too long; without any, `general`."""
        self.content_policy = content_policy
        """For what the provider refuses; without any, `general`."""

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Fallbacks)
            and self.general == other.general
            and self.context_window == other.context_window
            and self.content_policy == other.content_policy
        )


NO_FALLBACKS: Final = Fallbacks()


class Plan:
    """`deployments` are tried in order; `deadline` is on the clock of `time.monotonic`."""

    __slots__ = (
        "body", "deadline", "decision", "deployments", "endpoint", "fallbacks", "headers", "request_id", "retries",
        "retries_by_status", "retry_pause_s", "state_version", "stream",
    )  # fmt: skip

    def __init__(
        self,
        request_id: str,
        endpoint: Endpoint,
        body: Mapping[str, msgspec.Raw],
        stream: bool,
        headers: tuple[tuple[str, str], ...],
        deployments: tuple[Deployment, ...],
        decision: Decision,
        deadline: float,
        retries: int,
        state_version: str,
        fallbacks: Fallbacks = NO_FALLBACKS,
        retry_pause_s: float = 0.0,
        retries_by_status: Mapping[int, int] = NO_STATUSES,
    ) -> None:
        self.request_id, self.endpoint, self.body, self.stream = request_id, endpoint, body, stream
        self.headers, self.deployments, self.decision, self.deadline = headers, deployments, decision, deadline
        self.retries = retries
        """How many more calls than one each group may cost."""
        self.state_version, self.fallbacks = state_version, fallbacks
        self.retry_pause_s = retry_pause_s
        """The shortest pause before a deployment is called again."""
        self.retries_by_status = retries_by_status
        """Instead of `retries`, after an answer of that status (502: none, 504: a time-out)."""

    @property
    def most_calls(self) -> int:
        """No executor may make more."""
        each = max(self.retries, *self.retries_by_status.values(), 0) + 1
        fallbacks = self.fallbacks
        special = max(len(fallbacks.context_window), len(fallbacks.content_policy))
        return each * (1 + len(fallbacks.general) + special)

    def retrying(self, retries: int) -> Plan:
        """The same with so many retries, whatever the status."""
        return Plan(
            self.request_id, self.endpoint, self.body, self.stream, self.headers, self.deployments, self.decision,
            self.deadline, retries, self.state_version, self.fallbacks, self.retry_pause_s,
        )  # fmt: skip


class Usage:
    """Tokens as the upstream reported them: all, and which of them were of a kind. No kind is more than the whole."""

    __slots__ = (
        "audio_input", "audio_output", "cache_read", "cache_write", "cache_write_1h", "image_input", "image_output",
        "input_tokens", "output_tokens", "reasoning", "service_tier",
    )  # fmt: skip

    def __init__(
        self,
        input_tokens: int = 0,
        output_tokens: int = 0,
        cache_read: int = 0,
        cache_write: int = 0,
        cache_write_1h: int = 0,
        audio_input: int = 0,
        image_input: int = 0,
        reasoning: int = 0,
        audio_output: int = 0,
        image_output: int = 0,
        service_tier: str = "",
    ) -> None:
        self.input_tokens, self.output_tokens = input_tokens, output_tokens
        self.cache_read = cache_read
        """Of the input: read from the provider's cache."""
        self.cache_write = cache_write
        """Of the input: written to it."""
        self.cache_write_1h = cache_write_1h
        """Of `cache_write`: to be kept for an hour instead of five minutes."""
        self.audio_input, self.image_input = audio_input, image_input
        """Of the input, what is not from the cache."""
        self.reasoning, self.audio_output, self.image_output = reasoning, audio_output, image_output
        """Of the output."""
        self.service_tier = service_tier
        """In which it was served, if that has prices of its own: a value of `config.price.SERVICE_TIERS`."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Usage) and self._all() == other._all()

    def __repr__(self) -> str:
        return f"Usage{self._all()}"

    def _all(self) -> tuple[int, int, int, int, int, int, int, int, int, int, str]:
        return (
            self.input_tokens, self.output_tokens, self.cache_read, self.cache_write, self.cache_write_1h,
            self.audio_input, self.image_input, self.reasoning, self.audio_output, self.image_output, self.service_tier,
        )  # fmt: skip

    def making(self, output_tokens: int) -> Usage:
        """The same, of another length."""
        return Usage(
            self.input_tokens, output_tokens, self.cache_read, self.cache_write, self.cache_write_1h,
            self.audio_input, self.image_input, self.reasoning, self.audio_output, self.image_output, self.service_tier,
        )  # fmt: skip


class Attempt:
    """One call and how it ended."""

    __slots__ = ("candidate", "deployment", "group", "reason", "seconds", "status")

    def __init__(
        self, deployment: DeploymentId, candidate: str, status: int, reason: str, seconds: float, group: int = 0
    ) -> None:
        self.deployment, self.candidate = deployment, candidate
        self.status = status
        """The upstream's; 502: no answer, 504: a time-out, 499: the client left."""
        self.reason = reason
        """Empty for an answer, else the upstream's error code or ours."""
        self.seconds = seconds
        """Until the answer was whole, or a stream's first data was there."""
        self.group = group
        """0: what was asked for; n: the n-th fallback group."""

    def broken_off(self, reason: str) -> Attempt:
        """The same, after its answer had begun."""
        return Attempt(self.deployment, self.candidate, self.status, reason, self.seconds, self.group)


class Outcome:
    """What became of a plan. `status` is what the client saw; 499 when it left."""

    __slots__ = ("attempts", "cached", "deployment", "error", "fallback", "status", "streamed_bytes", "usage")

    def __init__(
        self,
        status: int,
        deployment: Deployment | None,
        attempts: tuple[Attempt, ...],
        usage: Usage | None,
        streamed_bytes: int,
        error: str = "",
        fallback: str = "",
        cached: bool = False,
    ) -> None:
        self.status, self.deployment, self.attempts, self.usage = status, deployment, attempts, usage
        self.streamed_bytes, self.error = streamed_bytes, error
        self.fallback = fallback
        """Why another model served than the chosen one; empty where none did. The words are `walk.Fallback`'s."""
        self.cached = cached
        """It was given before, and nobody was called."""

    def said(self, status: int, error: str, streamed_bytes: int) -> Outcome:
        """The same calls, of which the client was told otherwise."""
        return Outcome(
            status, self.deployment, self.attempts, self.usage, streamed_bytes, error, self.fallback, self.cached
        )
