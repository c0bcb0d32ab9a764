"""The input of every head: the embedding and the prompt features side by side, on scales that suit both. The same
arithmetic exists twice, here for fitting and as the first nodes of each graph for serving."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from routeiq.routing.training.graph_writer import FloatArray, GraphWriter, rows_of

Matrix = NDArray[np.float64]

EMBEDDING_SCALE = 4.0  # a unit vector of 384 numbers then has about the weight of the features
FEATURE_SCALE = 0.5
FEATURE_LIMIT = 4.0  # standard deviations; one odd prompt must not throw a head off


@dataclass(frozen=True)
class Design:
    """Standardisation of the features, learnt from the training rows. mean, spread: shape (f,); dim: embedding's."""

    dim: int
    mean: FloatArray
    spread: FloatArray

    @classmethod
    def fit(cls, embeddings: FloatArray, features: FloatArray) -> Self:
        """Learn means and spreads; a feature that never changes gets spread 1, so that it stays at 0."""
        spread = features.std(axis=0)
        return cls(embeddings.shape[1], features.mean(axis=0), np.where(spread > 1e-6, spread, 1).astype(np.float32))

    def apply(self, embeddings: FloatArray, features: FloatArray) -> FloatArray:
        """Shape (n, width), float32; width is dim + f."""
        scaled = np.clip((features - self.mean) / self.spread, -FEATURE_LIMIT, FEATURE_LIMIT)
        return np.hstack([embeddings * EMBEDDING_SCALE, scaled * FEATURE_SCALE]).astype(np.float32)

    def write(self, graph: GraphWriter) -> str:
        """The nodes of `apply`. Returns: the name of the (n, width) result."""
        shifted = graph.add("Sub", "features", graph.constant("feature_mean", self.mean))
        scaled = graph.add("Div", shifted, graph.constant("feature_spread", self.spread))
        low, high = graph.constant("low", -FEATURE_LIMIT), graph.constant("high", FEATURE_LIMIT)
        kept = graph.add("Clip", scaled, low, high)
        wide = graph.add("Mul", "embedding", graph.constant("embedding_scale", EMBEDDING_SCALE))
        narrow = graph.add("Mul", kept, graph.constant("feature_scale", FEATURE_SCALE))
        return graph.add("Concat", wide, narrow, axis=1)

    def finish(self, graph: GraphWriter, outputs: dict[str, int | None]) -> bytes:
        """The graph's bytes, with the two inputs that every head takes."""
        inputs = [rows_of("embedding", self.dim), rows_of("features", len(self.mean))]
        model = graph.model(inputs, outputs)
        return model.SerializeToString(deterministic=True)
