"""Who asks what how often: rank k of n with a probability proportional to k to the power -s.

Deterministic: the same seed draws the same sequence on every machine.
"""

from __future__ import annotations

import random
import struct
from bisect import bisect
from itertools import accumulate


def weights(n: int, s: float) -> list[float]:
    """Probabilities of the ranks 0..n-1; their sum is 1."""
    raw = [(rank + 1) ** -s for rank in range(n)]
    total = sum(raw)
    return [one / total for one in raw]


def draw(n: int, s: float, length: int, seed: int = 1) -> list[int]:
    """`length` ranks."""
    source = random.Random(seed)
    steps = list(accumulate(weights(n, s)))
    return [min(bisect(steps, source.random()), n - 1) for _ in range(length)]


def best_hit_rate(n: int, s: float, held: int) -> float:
    """What a cache of `held` entries could reach at most once warm: the share of its most frequent ones."""
    return sum(weights(n, s)[:held])


def packed(sequence: list[int]) -> bytes:
    """As the load generator reads it: little-endian uint32."""
    return struct.pack(f"<{len(sequence)}I", *sequence)
