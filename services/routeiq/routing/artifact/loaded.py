"""A loaded artifact: what the engine asks for predictions. Immutable and safe in many threads."""

from dataclasses import dataclass

import numpy as np

from routeiq.kit.errors import RouteIQError
from routeiq.routing.artifact.manifest import Calibration, Manifest
from routeiq.routing.scorers import CostHead, FloatArray, Scorer, Scores, StaticCost

_EDGE = np.float32(1e-4)  # keeps logits finite


class ShapeMismatch(RouteIQError):
    """Embeddings or features are not of the width that the artifact was trained on."""

    status, type, code = 500, "internal_error", "shape_mismatch"


@dataclass(frozen=True)
class Artifact:
    """Everything that a verified artifact directory offers.

    candidates: model names, the order of every m-wide array.  domains: names of the domain shares' columns."""

    manifest: Manifest
    scorer: Scorer
    costs: CostHead | StaticCost

    @property
    def artifact_id(self) -> str:
        """The sha256 that names the artifact's content."""
        return self.manifest.artifact_id

    @property
    def candidates(self) -> tuple[str, ...]:
        """Model names, in the order of every m-wide array."""
        return tuple(one.name for one in self.manifest.candidates)

    @property
    def mean_quality(self) -> FloatArray:
        """Shape (m,): what a static choice goes by, in [0, 1]."""
        return mean_quality(self.manifest)

    @property
    def mean_cost_usd(self) -> FloatArray:
        """Shape (m,): one request's mean cost in the training data, USD."""
        return mean_cost_usd(self.manifest)

    def score(self, embeddings: FloatArray, features: FloatArray) -> Scores:
        """Predicted quality and cost of every candidate for n prompts. Cost is the mean of what the cost head and
        the neighbours, if any, say.

        Args: embeddings: (n, dim) unit vectors, float32.  features: (n, f) from `prompt_features`, float32.
        Raises: ShapeMismatch: a width differs from the artifact's, or the two have different numbers of rows."""
        widths = (self.manifest.encoder.dim, len(self.manifest.features))
        if embeddings.shape != (len(features), widths[0]) or features.shape != (len(embeddings), widths[1]):
            raise ShapeMismatch(f"embeddings {embeddings.shape}, features {features.shape}; widths are {widths}")
        found = self.scorer.score(embeddings, features)
        novelty = None if found.similarity is None else np.clip(np.float32(1.0) - found.similarity, 0.0, 1.0)
        cost = self.costs.cost_usd(embeddings, features)
        if found.cost_usd is not None:
            cost = (cost + found.cost_usd) / np.float32(2.0)
        return Scores(found.quality, cost, found.domain_share, novelty)

    def confidence(self, quality: FloatArray) -> FloatArray:
        """Predicted quality on the scale of what really came out: any shape, element by element, in [0, 1].

        It keeps the order of its inputs, so alternatives may be shown on the same scale."""
        return calibrate(quality, self.manifest.calibration)


def mean_quality(manifest: Manifest) -> FloatArray:
    """Shape (m,), in [0, 1]."""
    return np.array([one.mean_quality for one in manifest.candidates], np.float32)


def mean_cost_usd(manifest: Manifest) -> FloatArray:
    """Shape (m,), USD a request."""
    return np.array([one.mean_cost for one in manifest.candidates], np.float32)


def calibrate(quality: FloatArray, calibration: Calibration) -> FloatArray:
    """Platt scaling: sigmoid(slope * logit(quality) + offset). Source: Platt 1999, with the logit as the score."""
    kept = np.clip(np.asarray(quality, np.float32), _EDGE, 1 - _EDGE)
    logit = np.log(kept / (1 - kept))
    return np.asarray(1 / (1 + np.exp(-(calibration.slope * logit + calibration.offset))), np.float32)
