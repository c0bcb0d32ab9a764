"""What every way of predicting quality has in common, and what a prediction holds."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Estimate:
    """Predicted quality of n prompts for m candidates, in the artifact's order.

    quality: shape (n, m), each in [0, 1].  domain_share: shape (n, d), rows sum to 1, or None without a domain head.
    similarity: shape (n,), cosine to the nearest training prompt; cost_usd: shape (n, m), what the neighbours cost;
    both None without a KNN."""

    quality: FloatArray
    domain_share: FloatArray | None = None
    similarity: FloatArray | None = None
    cost_usd: FloatArray | None = None


@dataclass(frozen=True)
class Scores:
    """All that an artifact says of n prompts.

    quality: (n, m) in [0, 1].  cost_usd: (n, m), one request's expected cost.  domain_share: (n, d) or None.
    novelty: (n,), 1 - similarity to the nearest training prompt, or None; near 0 is familiar, near 1 is new."""

    quality: FloatArray
    cost_usd: FloatArray
    domain_share: FloatArray | None = None
    novelty: FloatArray | None = None


class Scorer(Protocol):
    """Predicts quality from (n, dim) unit embeddings and (n, f) prompt features. Safe in many threads."""

    def score(self, embeddings: FloatArray, features: FloatArray) -> Estimate: ...
