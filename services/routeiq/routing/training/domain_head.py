"""The domain head: a softmax over the training rows' domains, mixed with each domain's mean quality per model."""

import warnings
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from routeiq.routing.training.design import Design, Matrix
from routeiq.routing.training.graph_writer import FloatArray, GraphWriter
from routeiq.routing.training.table import Table

PRIOR_LABELS = 10.0  # a domain's mean counts as much as the model's overall mean at this many labels
_PENALTY = 1e-3  # L2 on the softmax, per row
_STEPS = 150


@dataclass(frozen=True)
class DomainHead:
    """kernel: (width, d); offset: (d,); means: (d, m), quality of each model in each domain."""

    kernel: Matrix
    offset: Matrix
    means: Matrix

    @classmethod
    def fit(cls, inputs: FloatArray, table: Table) -> Self:
        """Fit on all rows of `table` that have a domain; at least one must."""
        known = table.domain >= 0
        kernel, offset = _softmax(inputs[known], table.domain[known], len(table.domains))
        return cls(kernel, offset, domain_means(table))

    def share(self, inputs: FloatArray) -> Matrix:
        """Shape (n, d): how likely each domain is."""
        logits = inputs @ self.kernel + self.offset
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float64)

    def predict(self, inputs: FloatArray) -> Matrix:
        """Shape (n, m): expected quality."""
        return self.share(inputs) @ self.means

    def graph(self, design: Design) -> bytes:
        """`domain.onnx`: quality (n, m) and share (n, d)."""
        graph = GraphWriter("domain")
        kernel = graph.constant("kernel", self.kernel.astype(np.float32))
        offset = graph.constant("offset", self.offset.astype(np.float32))
        share = graph.add("Softmax", graph.add("Gemm", design.write(graph), kernel, offset), axis=1)
        graph.name_output(share, "share")
        means = graph.constant("means", self.means.astype(np.float32))
        graph.name_output(graph.add("MatMul", share, means), "quality")
        return design.finish(graph, {"quality": self.means.shape[1], "share": self.means.shape[0]})


def domain_means(table: Table) -> Matrix:
    """Shape (d, m): mean quality per domain, shrunk towards the model's overall mean where labels are few."""
    overall = np.nanmean(table.quality, axis=0)
    means = np.empty((len(table.domains), len(table.models)))
    for domain in range(len(table.domains)):
        rows = table.quality[table.domain == domain]
        labels = np.isfinite(rows).sum(axis=0)
        means[domain] = (np.nansum(rows, axis=0) + PRIOR_LABELS * overall) / (labels + PRIOR_LABELS)
    return means


def _softmax(inputs: FloatArray, domain: NDArray[np.int64], count: int) -> tuple[Matrix, Matrix]:
    """Kernel and offset over all `count` domains; one that no row has can never win."""
    kernel, offset = np.zeros((inputs.shape[1], count)), np.full(count, -20.0)
    present = np.unique(domain)
    offset[present] = 0.0
    if len(present) < 2:
        return kernel, offset
    model = LogisticRegression(C=1 / (_PENALTY * len(inputs)), max_iter=_STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopping early is part of the regularisation
        model.fit(inputs.astype(np.float64), domain)
    if len(present) == 2:  # scikit-learn then gives one column, the logit of the second
        kernel[:, present[1]], offset[present[1]] = model.coef_[0], model.intercept_[0]
    else:
        kernel[:, present], offset[present] = model.coef_.T, model.intercept_
    return kernel, offset
