"""Requests and failures of the last seconds, as differences of totals that are counted anyway."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

WINDOW_S = 10.0

Totals = Callable[[], tuple[int, int]]
"""Requests and failures since the start of the process."""


class Recent:
    """Of one process. It looks when it is asked, and at the moments that it is told to begin anew."""

    def __init__(self, totals: Totals, window_s: float = WINDOW_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._totals, self._window_s, self._clock = totals, window_s, clock
        self._looks: deque[tuple[float, int, int]] = deque()
        self.begin()

    def begin(self) -> None:
        """Count from now on: what came before was served by another configuration."""
        self._looks.clear()
        self._looks.append((self._clock(), *self._totals()))

    def __call__(self) -> tuple[int, int]:
        """Requests and failures since the last look that is `window_s` old, or since `begin`."""
        now, (requests, failures) = self._clock(), self._totals()
        looks = self._looks
        while len(looks) > 1 and looks[1][0] <= now - self._window_s:
            looks.popleft()
        _, requests_before, failures_before = looks[0]
        looks.append((now, requests, failures))
        return requests - requests_before, failures - failures_before
