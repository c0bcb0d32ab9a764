"""What goes into the engine and what comes out, free of the wire's forms."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from routeiq.routing.candidates import Candidate
from routeiq.routing.policy import Choice


class Fallback(StrEnum):
    """Why a choice was not learned. The names are those of the protocol's enum."""

    NONE = ""
    DEADLINE = "deadline"
    OVERLOADED = "overloaded"
    NO_PROMPT = "no_prompt"
    NO_ARTIFACT = "no_artifact"
    UNKNOWN_MODELS = "unknown_models"


@dataclass(frozen=True, slots=True)
class Question:
    """One prompt to decide. `deadline` is on the running loop's clock, None without one."""

    text: str
    """From `prompt_text.routing_text`."""
    candidates: tuple[Candidate, ...] = ()
    cost_weight: float = 0.0
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds. The total includes everything from the call's arrival in the engine."""

    queue_ms: float = 0.0
    encode_ms: float = 0.0
    score_ms: float = 0.0
    total_ms: float = 0.0


NO_TIME = Timings()


@dataclass(frozen=True, slots=True)
class Decision:
    """A choice and what it rests on. `confidence` and the fields after `fallback` are None or empty if not learned."""

    choice: Choice
    strategy: str
    reasons: tuple[str, ...]
    artifact_id: str
    fallback: Fallback
    confidence: float | None = None
    timings: Timings = NO_TIME
    prompt_tokens: int = 0
    embedding_cached: bool = False
    domain: str = ""
    novelty: float | None = None
