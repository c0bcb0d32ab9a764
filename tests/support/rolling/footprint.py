"""What a process holds: memory, threads, open files; and whether it holds more with every round."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.support.memory import held_kib


class Footprint(NamedTuple):
    """`held_kib`: as `support.memory` has it."""

    held_kib: int
    threads: int
    files: int

    @classmethod
    def of(cls, pid: int) -> Footprint:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        said = dict(line.split(":", 1) for line in lines)
        return cls(held_kib(pid), int(said["Threads"]), len(os.listdir(f"/proc/{pid}/fd")))


class Slope(NamedTuple):
    """KiB a round, and the standard error of that."""

    kib: float
    error: float


def slope(values: Sequence[float]) -> Slope:
    """Of the straight line through them, by least squares, one a round."""
    rounds = np.arange(len(values), dtype=float)
    (inclination, _), covariance = np.polyfit(rounds, np.array(values, float), 1, cov=True)
    return Slope(float(inclination), float(covariance[0, 0] ** 0.5))
