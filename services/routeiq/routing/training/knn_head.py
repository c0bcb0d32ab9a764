"""Nearest neighbours: the labels of the most similar training prompts, shrunk towards each model's mean.

Similarity is measured in a small space made of two parts of equal weight: the first principal components of the
inputs, and a ridge projection onto what the labels and domains depend on. That is a sixth of the embedding's width,
so that search and bank are six times smaller, and measured no worse."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from routeiq.routing.training.design import Design, Matrix
from routeiq.routing.training.graph_writer import FloatArray, GraphWriter
from routeiq.routing.training.table import Table

NEIGHBOURS = 120
TEMPERATURE = 0.12  # of the softmax over cosines
COST_TEMPERATURE = 0.06  # the same for costs, which are less noisy than labels
PRIOR_NEIGHBOURS = 20.0  # the model's mean counts as this many neighbours
_COMPONENTS = 64
_RIDGE = 100.0
_TINY = 1e-9
_BLOCK = 2048
_MOST_RELATIVE = 1000.0  # 16 bits hold it


@dataclass(frozen=True)
class KnnHead:
    """centre: (width,); axes: (width, a + b), a principal and b supervised; bank: (a + b, n), unit columns as stored;
    residual: (n, m), quality minus the model's mean, 0 where there is no label; mean: (m,);
    relative_cost: (n, m), cost by the model's mean cost; mean_cost: (m,), USD."""

    centre: FloatArray
    axes: FloatArray
    principal: int
    bank: FloatArray
    residual: FloatArray
    mean: FloatArray
    relative_cost: FloatArray
    mean_cost: FloatArray

    @classmethod
    def fit(cls, inputs: FloatArray, table: Table) -> Self:
        """Store all rows of `table`."""
        centre = inputs.mean(axis=0)
        centred = (inputs - centre).astype(np.float64)
        mean = np.nanmean(table.quality, axis=0)
        residual = np.nan_to_num(table.quality - mean)
        principal = _principal_axes(centred)
        axes = np.hstack([principal, _supervised_axes(centred, residual, table)]).astype(np.float32)
        mean_cost = table.cost_usd.mean(axis=0)
        head = cls(
            centre=centre,
            axes=axes,
            principal=principal.shape[1],
            bank=np.empty((0, 0), np.float32),
            residual=_half(residual),
            mean=mean.astype(np.float32),
            relative_cost=_half(np.minimum(table.cost_usd / mean_cost, _MOST_RELATIVE)),
            mean_cost=mean_cost.astype(np.float32),
        )
        return replace(head, bank=_half(head.place(inputs).T))

    def place(self, inputs: FloatArray) -> FloatArray:
        """Shape (n, a + b): unit vectors in the space of similarity."""
        projected = np.asarray((inputs - self.centre) @ self.axes, np.float32)
        parts = (projected[:, : self.principal], projected[:, self.principal :])
        joined = np.hstack([_unit(part) for part in parts if part.shape[1]])
        return np.asarray(joined / np.sqrt(self._parts), np.float32)

    def predict(self, inputs: FloatArray) -> Matrix:
        """Shape (n, m): expected quality."""
        return _by_blocks(self._predict, inputs)

    def predict_cost(self, inputs: FloatArray) -> Matrix:
        """Shape (n, m): what the neighbours cost, USD."""
        return _by_blocks(self._predict_cost, inputs)

    def _predict(self, inputs: FloatArray) -> Matrix:
        near, weight = self._near(inputs, TEMPERATURE)
        effective = 1 / np.square(weight).sum(axis=1, keepdims=True)
        mixed = np.einsum("nk,nkm->nm", weight, self.residual[near])
        return np.asarray(self.mean + effective / (effective + PRIOR_NEIGHBOURS) * mixed, np.float64)

    def _predict_cost(self, inputs: FloatArray) -> Matrix:
        near, weight = self._near(inputs, COST_TEMPERATURE)
        return np.asarray(np.einsum("nk,nkm->nm", weight, self.relative_cost[near]) * self.mean_cost, np.float64)

    def _near(self, inputs: FloatArray, temperature: float) -> tuple[NDArray[np.intp], FloatArray]:
        """Rows of the nearest prompts, best first, and their weights, both (n, neighbours)."""
        cosine = self.place(inputs) @ self.bank
        near = np.argsort(-cosine, axis=1, kind="stable")[:, : self._neighbours]
        weight = np.exp((np.take_along_axis(cosine, near, 1) - cosine.max(axis=1, keepdims=True)) / temperature)
        return near, np.asarray(weight / weight.sum(axis=1, keepdims=True), np.float32)

    def graph(self, design: Design) -> bytes:
        """`knn.onnx`: quality (n, m), similarity (n,), the cosine to the nearest prompt, and cost (n, m)."""
        graph = GraphWriter("knn")
        cosine = graph.add("MatMul", self._write_place(graph, design.write(graph)), graph.half("bank", self.bank))
        near, rows = graph.add_many("TopK", 2, cosine, graph.ints("neighbours", self._neighbours), axis=1)
        graph.name_output(graph.add("ReduceMax", near, graph.ints("axis1", 1), keepdims=0), "similarity")
        graph.name_output(self._write_quality(graph, near, rows), "quality")
        weight = self._write_weight(graph, near, "cost_temperature", COST_TEMPERATURE)
        relative = self._write_mixed(graph, weight, graph.half("relative_cost", self.relative_cost), rows)
        graph.name_output(graph.add("Mul", relative, graph.constant("mean_cost", self.mean_cost)), "cost")
        return design.finish(graph, {"quality": len(self.mean), "similarity": None, "cost": len(self.mean)})

    def _write_place(self, graph: GraphWriter, inputs: str) -> str:
        centred = graph.add("Sub", inputs, graph.constant("centre", self.centre))
        projected = graph.add("MatMul", centred, graph.constant("axes", self.axes))
        widths = [width for width in (self.principal, self.axes.shape[1] - self.principal) if width]
        parts = graph.add_many("Split", len(widths), projected, graph.ints("widths", *widths), axis=1)
        units = [self._write_unit(graph, part) for part in parts]
        joined = graph.add("Concat", *units, axis=1)
        return graph.add("Div", joined, graph.constant("parts", float(np.sqrt(self._parts))))

    @staticmethod
    def _write_unit(graph: GraphWriter, part: str) -> str:
        norm = graph.add("ReduceL2", part, graph.ints("axis1", 1), keepdims=1)
        return graph.add("Div", part, graph.add("Max", norm, graph.constant("tiny", _TINY)))

    @staticmethod
    def _write_weight(graph: GraphWriter, near: str, name: str, temperature: float) -> str:
        """Shape (n, neighbours): the softmax of the cosines."""
        return graph.add("Softmax", graph.add("Div", near, graph.constant(name, temperature)), axis=1)

    @staticmethod
    def _write_mixed(graph: GraphWriter, weight: str, table: str, rows: str) -> str:
        """Shape (n, m): the weighted sum of the neighbours' rows of a table."""
        found = graph.add("Gather", table, rows, axis=0)
        mixed = graph.add("MatMul", graph.add("Unsqueeze", weight, graph.ints("axis1", 1)), found)
        return graph.add("Squeeze", mixed, graph.ints("axis1", 1))

    def _write_quality(self, graph: GraphWriter, near: str, rows: str) -> str:
        """mean + e / (e + prior) * sum of weight * residual, with e = 1 / sum of weight^2."""
        weight = self._write_weight(graph, near, "temperature", TEMPERATURE)
        mixed = self._write_mixed(graph, weight, graph.half("residual", self.residual), rows)
        spread = graph.add("ReduceSumSquare", weight, graph.ints("axis1", 1), keepdims=1)
        prior = graph.add("Mul", spread, graph.constant("prior", PRIOR_NEIGHBOURS))
        trusted = graph.add("Div", mixed, graph.add("Add", prior, graph.constant("one", 1.0)))
        return graph.add("Add", trusted, graph.constant("mean", self.mean))

    @property
    def _neighbours(self) -> int:
        return min(NEIGHBOURS, len(self.residual))

    @property
    def _parts(self) -> int:
        return 2 if 0 < self.principal < self.axes.shape[1] else 1


def _by_blocks(predict: Callable[[FloatArray], Matrix], inputs: FloatArray) -> Matrix:
    """Predict a block of rows at a time: the cosines of all pairs of a large data set would not fit in memory."""
    starts = range(0, max(len(inputs), 1), _BLOCK)
    return np.concatenate([predict(inputs[start : start + _BLOCK]) for start in starts])


def _principal_axes(centred: Matrix) -> Matrix:
    """The leading eigenvectors of the covariance, as columns, each with a fixed sign."""
    count = min(_COMPONENTS, *centred.shape)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :count]
    return np.asarray(axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(count)]), np.float64)


def _supervised_axes(centred: Matrix, residual: Matrix, table: Table) -> Matrix:
    """Ridge regression of the labels' residuals and the domains on the inputs: its weights, as columns."""
    member = (table.domain[:, None] == np.arange(len(table.domains))).astype(np.float64)
    target = np.hstack([residual, member - member.mean(axis=0)])
    gram = centred.T @ centred + _RIDGE * np.eye(centred.shape[1])
    return np.asarray(np.linalg.solve(gram, centred.T @ target), np.float64)


def _unit(rows: FloatArray) -> FloatArray:
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norm, _TINY), np.float32)


def _half(values: Matrix | FloatArray) -> FloatArray:
    """Rounded to what 16 bits hold, so that fitting code and graph compute with the same numbers."""
    return values.astype(np.float16).astype(np.float32)
