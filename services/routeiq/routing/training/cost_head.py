"""Expected cost per prompt: ridge regression on the logarithm of the cost, then a second ridge on the ratio of true
to predicted cost, because the mean of a cost is not the exponential of its mean logarithm, and by how much it is off
depends on the prompt (the smearing problem: Duan, JASA 78, 1983)."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from routeiq.routing.training.design import Design, Matrix
from routeiq.routing.training.graph_writer import FloatArray, GraphWriter
from routeiq.routing.training.table import Table

_RIDGE = 30.0
_RATIO_RIDGE = 300.0
_RATIO_LOW, _RATIO_HIGH = 0.25, 4.0


@dataclass(frozen=True)
class CostHead:
    """log_kernel, ratio_kernel: (width, m); log_offset, ratio_offset: (m,)."""

    log_kernel: FloatArray
    log_offset: FloatArray
    ratio_kernel: FloatArray
    ratio_offset: FloatArray

    @classmethod
    def fit(cls, inputs: FloatArray, table: Table) -> Self:
        """Fit on all rows of `table`."""
        log_kernel, log_offset = _ridge(inputs, np.log(table.cost_usd), _RIDGE)
        guess = np.exp(inputs @ log_kernel + log_offset)
        ratio_kernel, ratio_offset = _ridge(inputs, np.minimum(table.cost_usd / guess, 50.0), _RATIO_RIDGE)
        return cls(log_kernel, log_offset, ratio_kernel, ratio_offset)

    def predict(self, inputs: FloatArray) -> Matrix:
        """Shape (n, m): USD a request."""
        ratio = np.clip(inputs @ self.ratio_kernel + self.ratio_offset, _RATIO_LOW, _RATIO_HIGH)
        return np.asarray(np.exp(inputs @ self.log_kernel + self.log_offset) * ratio, np.float64)

    def graph(self, design: Design) -> bytes:
        """`cost.onnx`: cost (n, m)."""
        graph = GraphWriter("cost")
        inputs = design.write(graph)
        names = [
            graph.constant(name, value)
            for name, value in (
                ("log_kernel", self.log_kernel),
                ("log_offset", self.log_offset),
                ("ratio_kernel", self.ratio_kernel),
                ("ratio_offset", self.ratio_offset),
            )
        ]
        guess = graph.add("Exp", graph.add("Gemm", inputs, names[0], names[1]))
        ratio = graph.add("Gemm", inputs, names[2], names[3])
        low, high = graph.constant("ratio_low", _RATIO_LOW), graph.constant("ratio_high", _RATIO_HIGH)
        graph.name_output(graph.add("Mul", guess, graph.add("Clip", ratio, low, high)), "cost")
        return design.finish(graph, {"cost": len(self.log_offset)})


def _ridge(inputs: FloatArray, target: Matrix, penalty: float) -> tuple[FloatArray, FloatArray]:
    """Kernel and offset of a ridge regression whose offset is not penalised."""
    centre, mean = inputs.mean(axis=0, dtype=np.float64), target.mean(axis=0)
    centred = inputs - centre
    gram = centred.T @ centred + penalty * np.eye(inputs.shape[1])
    kernel = np.linalg.solve(gram, centred.T @ (target - mean))
    return kernel.astype(np.float32), (mean - centre @ kernel).astype(np.float32)
