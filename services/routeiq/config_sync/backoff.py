"""How long to wait between two readings of a source: regularly, and longer after each failure. A little chance keeps
replicas and fleets apart."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_S = 5.0
MOST_S = 300.0
_SPREAD = 0.1


def pause_s(failures: int, interval_s: float, chance: Callable[[], float] = random.random) -> float:
    """Args: failures: one after the other, up to now.  chance: a number from 0 to 1.

    Without failures about `interval_s`. After the first about 5 s (or the interval, if that is shorter), then twice
    as long each time, up to five minutes (or the interval, if that is longer)."""
    spread = 1 + _SPREAD * (2 * chance() - 1)
    if not failures:
        return interval_s * spread
    longest = max(MOST_S, interval_s)
    return min(min(FIRST_S, interval_s) * 2.0 ** min(failures - 1, 32), longest) * spread
