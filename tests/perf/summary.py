"""Medians over rounds with their range, and the ratios between rows."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """One figure over the rounds that measured it."""

    median: float
    low: float
    high: float
    rounds: int


def spread(values: Sequence[float]) -> Spread:
    """Raises ValueError: no value."""
    if not values:
        raise ValueError("nothing was measured")
    return Spread(statistics.median(values), min(values), max(values), len(values))


Row = dict[str, Spread]


def summarise(rounds: Sequence[Mapping[str, float]]) -> Row:
    """One row from its rounds. A figure that only a minority could measure is left out: its median would flatter."""
    names = dict.fromkeys(name for one in rounds for name in one)
    values = {name: [one[name] for one in rounds if name in one] for name in names}
    return {name: spread(found) for name, found in values.items() if len(found) * 2 > len(rounds)}


def ratio(rounds: Sequence[Mapping[str, float]], others: Sequence[Mapping[str, float]], name: str) -> float | None:
    """Median of ours to theirs, each from the same round: moods of the machine cancel. None: unmeasured."""
    pairs = [(a[name], b[name]) for a, b in zip(rounds, others, strict=False) if name in a and b.get(name, 0) > 0]
    return statistics.median(a / b for a, b in pairs) if pairs else None
