"""The golden vectors of an artifact: ten fixed prompts with the embedding, quality, cost and confidence that the
training code computed. A service that answers otherwise must not serve the artifact.

Tolerance 1e-3: absolute for embeddings, quality and confidence; relative for cost."""

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter

from routeiq.routing.artifact.loaded import Artifact
from routeiq.routing.embedders import SentenceEncoder
from routeiq.routing.prompt_text import prompt_features, routing_text

TOLERANCE = 1e-3


class GoldenRow(BaseModel):
    """One prompt and what must come out of it; lists follow the manifest's candidates."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)
    prompt: str
    embedding: list[float]
    quality: list[float]
    cost_usd: list[float]
    confidence: list[float]


GOLDEN_ROWS = TypeAdapter(list[GoldenRow])


def self_test(artifact: Artifact, rows: list[GoldenRow], encoder: SentenceEncoder | None) -> list[str]:
    """Every way in which the artifact's answers differ from its golden ones; empty is good.

    Without an encoder the stored embeddings stand in for it, and only the heads are tested."""
    if not rows:
        return ["golden.json holds no prompts"]
    stored = np.array([row.embedding for row in rows], np.float32)
    problems: list[str] = []
    vectors = stored
    if encoder is not None:
        vectors = encoder.encode([encoder.tokenize(routing_text([row.prompt])) for row in rows])
        problems += _differs("embedding", vectors - stored)
    features = np.stack([prompt_features(routing_text([row.prompt])) for row in rows])
    scores = artifact.score(vectors, features)
    cost = np.array([row.cost_usd for row in rows], np.float32)
    problems += _differs("quality", scores.quality - np.array([row.quality for row in rows], np.float32))
    problems += _differs("cost", scores.cost_usd / cost - 1)
    confidence = np.array([row.confidence for row in rows], np.float32)
    return problems + _differs("confidence", artifact.confidence(scores.quality) - confidence)


def _differs(what: str, difference: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> list[str]:
    worst = float(np.max(np.abs(difference)))
    return [] if worst <= TOLERANCE else [f"golden self-test: {what} differs by {worst:.2g}, over {TOLERANCE:g}"]
