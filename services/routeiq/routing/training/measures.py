"""How good a router is on rows whose every outcome is known: the cost-quality curve, its hull, and the gap.

gap = (router's mean hull height - zero's) / (oracle's - zero's), on a logarithmic cost axis between the cheapest and
the best single model; zero is the hull of the single models, the oracle picks by true quality and cost (RouterBench,
arXiv 2403.12031). APGR as in RouteLLM, arXiv 2406.18665. Everything takes (n, m) matrices in one model order."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Picks = NDArray[np.intp]

LAMBDAS = np.concatenate([[0.0], np.geomspace(1e-4, 1e3, 60)])
_GRID = 400
_TIE = 1e-7  # among equally good models the oracle takes the cheapest


def picks(quality: Matrix, cost: Matrix, lambdas: Matrix = LAMBDAS) -> Picks:
    """Shape (lambdas, n): the model that maximises quality - lambda * cost / mean cost, per lambda and prompt."""
    relative = cost / cost.mean()
    return np.stack([np.argmax(quality - weight * relative, axis=1) for weight in lambdas])


def hull(points: Matrix) -> Matrix:
    """The non-decreasing upper concave hull of (cost, quality) points, cheapest first; shape (k, 2)."""
    corners: list[NDArray[np.float64]] = []
    for point in points[np.lexsort((-points[:, 1], points[:, 0]))]:
        if corners and point[1] <= corners[-1][1]:
            continue
        while len(corners) > 1 and _below(corners[-2], corners[-1], point):
            corners.pop()
        corners.append(point)
    return np.array(corners)


def _below(left: Matrix, middle: Matrix, right: Matrix) -> bool:
    """Whether `middle` lies on or under the line from `left` to `right`."""
    run, rise = right - left
    return bool((middle[1] - left[1]) * run <= rise * (middle[0] - left[0]))


def height(corners: Matrix, low: float, high: float) -> float:
    """Mean height of a hull between two costs, on a logarithmic cost axis."""
    if high <= low:
        return float(corners[-1, 1])
    at = np.geomspace(low, high, _GRID)
    found = np.interp(at, corners[:, 0], corners[:, 1])
    return float(np.mean((found[1:] + found[:-1]) / 2))


@dataclass(frozen=True)
class Curve:
    """A router's points, shape (lambdas, 2), and its measures against the single models on the same rows."""

    points: Matrix
    gap: float
    accuracy: float
    best_single: float
    gain: float
    save: float


class Field:
    """Rows with true quality and cost, against which any number of routers can be measured."""

    def __init__(self, quality: Matrix, cost: Matrix, weight: Matrix | None = None) -> None:
        """Args: quality, cost: (n, m), no NaN.  weight: (n,), how often each row counts; 1 by default."""
        self._quality, self._cost = quality, cost
        self._weight = np.full(len(quality), 1.0) if weight is None else weight
        self.singles = np.column_stack([self._mean(cost), self._mean(quality)])

    def _mean(self, values: Matrix) -> Matrix:
        return np.asarray(self._weight @ values / self._weight.sum(), np.float64)

    @cached_property
    def _bounds(self) -> tuple[float, float]:
        """Cost of the cheapest and of the best single model."""
        return float(self.singles[:, 0].min()), float(self.singles[self.singles[:, 1].argmax(), 0])

    @cached_property
    def zero(self) -> float:
        """Mean hull height of the single models alone."""
        return height(hull(self.singles), *self._bounds)

    @cached_property
    def _oracle(self) -> float:
        tie = _TIE * self._cost / self._cost.mean()
        return height(hull(self.points(picks(self._quality - tie, self._cost))), *self._bounds)

    def points(self, chosen: Picks) -> Matrix:
        """Shape (lambdas, 2): mean cost and mean quality of the chosen models."""
        rows = np.arange(len(self._quality))
        return np.column_stack([self._mean(values[rows, chosen].T) for values in (self._cost, self._quality)])

    def measure(self, chosen: Picks) -> Curve:
        """The curve of a router that chose so. Args: chosen: from `picks`."""
        points = self.points(chosen)
        corners = hull(points)
        best = float(self.singles[:, 1].max())
        room = self._oracle - self.zero
        gap = (height(corners, *self._bounds) - self.zero) / room if room > 1e-9 else 0.0
        at = float(np.interp(best, corners[:, 1], corners[:, 0]))
        save = 1 - at / self._bounds[1] if corners[-1, 1] >= best else 0.0
        return Curve(points, gap, float(points[0, 1]), best, float(corners[-1, 1]) - best, save)


def gap_interval(quality: Matrix, cost: Matrix, chosen: Picks, seed: int, rounds: int = 100) -> tuple[float, float]:
    """The 5th and 95th percentile of the gap when the rows are drawn anew."""
    random = np.random.default_rng(seed)
    n = len(quality)
    gaps = [
        Field(quality, cost, np.bincount(random.integers(0, n, n), minlength=n).astype(np.float64)).measure(chosen).gap
        for _ in range(rounds)
    ]
    low, high = np.percentile(gaps, [5, 95])
    return float(low), float(high)


def apgr(strong: Matrix, weak: Matrix, score: Matrix, bins: int = 10) -> float:
    """Average performance gap recovered: calls to the strong model go to the highest scores first.

    Args: strong, weak: (n,) true quality.  score: (n,), higher means the strong model is needed."""
    shares, accuracy = [], []
    for edge in np.quantile(score, np.linspace(0, 1, bins + 1)):
        called = score >= edge if edge < score.max() else score > edge
        shares.append(called.mean())
        accuracy.append(np.where(called, strong, weak).mean())
    room = strong.mean() - weak.mean()
    order = np.argsort(shares, kind="stable")
    if abs(room) < 1e-9:
        return 0.0
    recovered = (np.array(accuracy)[order] - weak.mean()) / room
    return float(np.trapezoid(recovered, np.array(shares)[order]))
