"""Whether a series of samples grows: Theil-Sen's slope over blocks, and Kendall's test that it is no accident.

Samples a second apart depend on each other, so they are first put into blocks whose medians count. Source: P. K. Sen,
"Estimates of the regression coefficient based on Kendall's tau", 1968; M. G. Kendall, "Rank correlation methods".
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

BLOCKS = 20
SIGNIFICANT_Z = 2.33
"""One-sided, one in a hundred."""

Point = tuple[float, float]
"""Seconds, value."""


@dataclass(frozen=True)
class Slope:
    """Growth an hour. `z`: standard deviations away from no trend."""

    per_hour: float
    z: float
    blocks: int

    def grows(self, floor_per_hour: float) -> bool:
        """Up, not by accident, and by more than what is let pass as an allocator settling down."""
        return self.z > SIGNIFICANT_Z and self.per_hour > floor_per_hour


def fit(points: Sequence[Point], blocks: int = BLOCKS) -> Slope:
    """Raises ValueError: fewer than three points."""
    if len(points) < 3:
        raise ValueError("a slope needs three points")
    coarse = blocked(points, blocks)
    steep = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(coarse, 2) if x2 > x1]
    return Slope(statistics.median(steep) * 3600, trend([y for _, y in coarse]), len(coarse))


def blocked(points: Sequence[Point], blocks: int) -> list[Point]:
    """Medians of `blocks` runs of neighbours, or the points themselves where there are no more than that."""
    size = max(1, math.ceil(len(points) / blocks))
    runs = [points[at : at + size] for at in range(0, len(points), size)]
    return [(statistics.median(x for x, _ in run), statistics.median(y for _, y in run)) for run in runs]


def trend(values: Sequence[float]) -> float:
    """Mann-Kendall's z, corrected for ties; 0 where all values are the same."""
    n = len(values)
    score = sum((later > earlier) - (later < earlier) for earlier, later in combinations(values, 2))
    ties = [values.count(value) for value in set(values)]
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    return (score - math.copysign(1, score)) / math.sqrt(variance) if score and variance > 0 else 0.0
