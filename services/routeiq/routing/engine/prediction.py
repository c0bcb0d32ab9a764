"""What an artifact says of one prompt: the two steps before and after the encoder. Both compute for about a
millisecond, so the engine runs them in threads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routeiq.routing.artifact import Artifact
from routeiq.routing.prompt_text import prompt_features

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Prediction:
    """By the artifact's columns. quality: calibrated, each in [0, 1].  cost_usd: one request's.
    domain: the most probable one, empty without a domain head.  novelty: None without neighbours."""

    quality: tuple[float, ...]
    cost_usd: tuple[float, ...]
    domain: str
    novelty: float | None
    tokens: int


def predict(artifact: Artifact, text: str, vector: FloatArray, tokens: int) -> Prediction:
    """Score one prompt alone, so that nothing but the prompt moves its scores.

    Args: text: from `routing_text`.  vector: its unit vector, shape (d,)."""
    scores = artifact.score(vector[np.newaxis], prompt_features(text)[np.newaxis])
    return Prediction(
        quality=tuple(artifact.confidence(scores.quality[0]).tolist()),
        cost_usd=tuple(scores.cost_usd[0].tolist()),
        domain=_domain(artifact, scores.domain_share),
        novelty=None if scores.novelty is None else float(scores.novelty[0]),
        tokens=tokens,
    )


def means(artifact: Artifact) -> Prediction:
    """The cheap policy's prediction: each model's means, the same for every prompt."""
    quality, cost = artifact.mean_quality.tolist(), artifact.mean_cost_usd.tolist()
    return Prediction(tuple(quality), tuple(cost), domain="", novelty=None, tokens=0)


def _domain(artifact: Artifact, share: FloatArray | None) -> str:
    return "" if share is None else artifact.manifest.domains[int(np.argmax(share[0]))]
