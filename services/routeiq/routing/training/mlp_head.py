"""A small neural network per seed, averaged: inputs -> 128 ReLU -> one sigmoid a model, trained with binary
cross-entropy on soft labels, dropout .6, Adam and early stopping. While it trains it also guesses the domain, which
steadies the hidden layer; that output is dropped afterwards.

Sources: Adam, arXiv 1412.6980; dropout, JMLR 15 (2014)."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from routeiq.routing.training.design import Design, Matrix
from routeiq.routing.training.graph_writer import FloatArray, GraphWriter
from routeiq.routing.training.table import Flags, Table

HIDDEN = 128
NETWORKS = 3
_DROPOUT = np.float32(0.6)
_RATE = 2e-3
_DECAY = np.float32(1e-4)
_BATCH = 128
_EPOCHS = 80
_PATIENCE = 6
_DOMAIN_WEIGHT = np.float32(0.3)
_EDGE = 1e-6


@dataclass(frozen=True)
class MlpHead:
    """layers: one (kernel1, offset1, kernel2, offset2) a network."""

    layers: tuple[tuple[FloatArray, FloatArray, FloatArray, FloatArray], ...]

    @classmethod
    def fit(cls, inputs: FloatArray, table: Table, stop: Flags, seed: int) -> Self:
        """Fit on the rows outside `stop`; the loss on the rows of `stop` decides when to end.

        Args: stop: (n,), True for the rows to watch; where there is none, the training loss is watched."""
        networks = [_Network(inputs, table, stop, seed * 1000 + number).train() for number in range(NETWORKS)]
        return cls(tuple(networks))

    def predict(self, inputs: FloatArray) -> Matrix:
        """Shape (n, m): expected quality, the mean over the networks."""
        each = [_sigmoid(np.maximum(inputs @ k1 + o1, 0) @ k2 + o2) for k1, o1, k2, o2 in self.layers]
        return np.asarray(np.mean(each, axis=0), np.float64)

    def graph(self, design: Design) -> bytes:
        """`mlp.onnx`: quality (n, m)."""
        graph = GraphWriter("mlp")
        inputs = design.write(graph)
        each = []
        for number, layer in enumerate(self.layers):
            names = [graph.constant(f"layer{number}_{part}", value) for part, value in enumerate(layer)]
            hidden = graph.add("Relu", graph.add("Gemm", inputs, names[0], names[1]))
            each.append(graph.add("Sigmoid", graph.add("Gemm", hidden, names[2], names[3])))
        graph.name_output(graph.add("Mean", *each), "quality")
        return design.finish(graph, {"quality": len(self.layers[0][3])})


class _Network:
    """One network while it trains."""

    def __init__(self, inputs: FloatArray, table: Table, stop: Flags, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        label = np.asarray(table.quality, np.float32)
        self._known = np.isfinite(label).astype(np.float32)
        self._label = np.nan_to_num(label)
        member = table.domain[:, None] == np.arange(len(table.domains))
        self._member = member.astype(np.float32)
        self._inputs = inputs
        self._fit = np.flatnonzero(~stop)
        self._watch = np.flatnonzero(stop) if stop.any() else self._fit
        self._weights = self._start(np.nanmean(table.quality, axis=0), len(table.domains))
        self._moments = [(np.zeros_like(weight), np.zeros_like(weight)) for weight in self._weights]
        self._steps = 0

    def _start(self, mean: Matrix, domains: int) -> list[FloatArray]:
        """He initialisation; the sigmoids begin at each model's mean."""
        width, models = self._inputs.shape[1], len(mean)
        kept = np.clip(mean, 0.01, 0.99)
        offset = np.zeros(models + domains, np.float32)
        offset[:models] = np.log(kept / (1 - kept))
        first = self._random.standard_normal((width, HIDDEN), np.float32) * np.float32(np.sqrt(2 / width))
        second = self._random.standard_normal((HIDDEN, models + domains), np.float32)
        return [first, np.zeros(HIDDEN, np.float32), second * np.float32(0.5 / np.sqrt(HIDDEN)), offset]

    def train(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Train until the watched loss has not fallen for a while. Returns: the best weights, domains dropped."""
        best, least, since = [weight.copy() for weight in self._weights], np.inf, 0
        for _ in range(_EPOCHS):
            self._epoch()
            loss = self._loss()
            since += 1
            if loss < least:
                best, least, since = [weight.copy() for weight in self._weights], loss, 0
            if since >= _PATIENCE:
                break
        models = self._label.shape[1]
        return best[0], best[1], best[2][:, :models].copy(), best[3][:models].copy()

    def _epoch(self) -> None:
        order = self._random.permutation(self._fit)
        for start in range(0, len(order), _BATCH):
            self._step(self._gradients(order[start : start + _BATCH]))

    def _gradients(self, rows: NDArray[np.intp]) -> list[FloatArray]:
        kernel1, offset1, kernel2, offset2 = self._weights
        inputs = self._inputs[rows]
        hidden = np.maximum(inputs @ kernel1 + offset1, 0)
        kept = (self._random.random(hidden.shape, np.float32) >= _DROPOUT) / (1 - _DROPOUT)
        dropped = hidden * kept
        error = self._output_error(dropped @ kernel2 + offset2, rows) / np.float32(len(rows))
        back = (error @ kernel2.T) * (hidden > 0) * kept
        return [
            inputs.T @ back + _DECAY * kernel1,
            back.sum(axis=0),
            dropped.T @ error + _DECAY * kernel2,
            error.sum(axis=0),
        ]

    def _output_error(self, logits: FloatArray, rows: NDArray[np.intp]) -> FloatArray:
        """Derivative of the loss by the logits: sigmoid outputs where a label is known, then the domains' softmax."""
        models = self._label.shape[1]
        error = np.empty_like(logits)
        error[:, :models] = (_sigmoid(logits[:, :models]) - self._label[rows]) * self._known[rows] / models
        if self._member.shape[1]:
            member = self._member[rows]
            raised = np.exp(logits[:, models:] - logits[:, models:].max(axis=1, keepdims=True))
            share = raised / raised.sum(axis=1, keepdims=True)
            known = member.sum(axis=1, keepdims=True)
            error[:, models:] = (share - member) * known * _DOMAIN_WEIGHT
        return error

    def _step(self, gradients: list[FloatArray]) -> None:
        """One step of Adam."""
        self._steps += 1
        for weight, gradient, (first, second) in zip(self._weights, gradients, self._moments, strict=True):
            first += np.float32(0.1) * (gradient - first)
            second += np.float32(0.001) * (np.square(gradient) - second)
            size = first / np.float32(1 - 0.9**self._steps)
            spread = np.sqrt(second / np.float32(1 - 0.999**self._steps)) + np.float32(1e-8)
            weight -= np.float32(_RATE) * size / spread

    def _loss(self) -> float:
        """Mean binary cross-entropy over the known labels of the watched rows."""
        kernel1, offset1, kernel2, offset2 = self._weights
        models = self._label.shape[1]
        logits = np.maximum(self._inputs[self._watch] @ kernel1 + offset1, 0) @ kernel2 + offset2
        share = np.clip(_sigmoid(logits[:, :models]), _EDGE, 1 - _EDGE)
        label, known = self._label[self._watch], self._known[self._watch]
        loss = -(label * np.log(share) + (1 - label) * np.log(1 - share)) * known
        return float(loss.sum() / max(known.sum(), 1))


def _sigmoid(logits: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))), np.float32)
