"""The scorers: a fixed table, one ONNX graph, a weighted mix of scorers; and the cost head.

KNN, MLP and domain head differ in what their graphs compute, which is fixed when they are written, so one class runs
all three; `graph_outputs` says what each gives besides quality."""

from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np

from routeiq.routing.scorers.graph import Graph
from routeiq.routing.scorers.scorer import Estimate, FloatArray, Scorer

HeadName = Literal["knn", "mlp", "domain", "cost"]
MEAN = "mean"  # the share of the models' plain mean quality in an ensemble: the shrinkage


class StaticScorer:
    """The same quality for every prompt: each model's mean. Needs no graph and no embedding's meaning."""

    def __init__(self, mean_quality: FloatArray) -> None:
        """Args: mean_quality: shape (m,), each in [0, 1]."""
        self._mean = np.asarray(mean_quality, np.float32)

    def score(self, embeddings: FloatArray, features: FloatArray) -> Estimate:
        """See `Scorer`; only the number of rows is used."""
        return Estimate(np.tile(self._mean, (len(embeddings), 1)))


class GraphScorer:
    """A KNN, an MLP or a domain head, as an ONNX graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def score(self, embeddings: FloatArray, features: FloatArray) -> Estimate:
        """See `Scorer`; the rest as far as the graph gives it."""
        found = self._graph.run(embeddings, features)
        quality = np.clip(found["quality"], 0.0, 1.0)
        return Estimate(quality, found.get("share"), found.get("similarity"), found.get("cost"))


class EnsembleScorer:
    """The weighted mean of several scorers. What else a part gives is passed on, also from one of weight 0."""

    def __init__(self, parts: Mapping[str, Scorer], weights: Mapping[str, float]) -> None:
        """Args: weights: by part, summing to 1; a part that is not named has weight 0."""
        self._parts = [(part, np.float32(weights.get(name, 0.0))) for name, part in sorted(parts.items())]

    def score(self, embeddings: FloatArray, features: FloatArray) -> Estimate:
        """See `Scorer`."""
        found = [(part.score(embeddings, features), weight) for part, weight in self._parts]
        quality = np.sum([one.quality * weight for one, weight in found], axis=0)
        return Estimate(
            np.clip(quality, 0.0, 1.0),
            _first(one.domain_share for one, _ in found),
            _first(one.similarity for one, _ in found),
            _first(one.cost_usd for one, _ in found),
        )


def _first(values: Iterable[FloatArray | None]) -> FloatArray | None:
    return next((value for value in values if value is not None), None)


class CostHead:
    """Expected cost of one request per model, from the prompt."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def cost_usd(self, embeddings: FloatArray, features: FloatArray) -> FloatArray:
        """Shape (n, m), USD, each positive."""
        return self._graph.run(embeddings, features)["cost"]


class StaticCost:
    """Each model's mean cost, whatever the prompt."""

    def __init__(self, mean_cost_usd: FloatArray) -> None:
        """Args: mean_cost_usd: shape (m,)."""
        self._mean = np.asarray(mean_cost_usd, np.float32)

    def cost_usd(self, embeddings: FloatArray, features: FloatArray) -> FloatArray:
        """Shape (n, m), USD."""
        return np.tile(self._mean, (len(embeddings), 1))


def graph_outputs(head: HeadName, models: int, domains: int) -> dict[str, int | None]:
    """The outputs that a head's graph must have, with their widths (None: one number a row)."""
    outputs: dict[HeadName, dict[str, int | None]] = {
        "knn": {"quality": models, "similarity": None, "cost": models},
        "mlp": {"quality": models},
        "domain": {"quality": models, "share": domains},
        "cost": {"cost": models},
    }
    return outputs[head]
