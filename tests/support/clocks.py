"""Clocks that go on only as far as a test says."""

from __future__ import annotations

MINUTE = 1_800_000_000.0
"""When some minute begins, in Unix time."""


class WallClock:
    """It begins with a minute of its own: what a store outside of the test keeps for it is no other test's."""

    _made = 0

    def __init__(self) -> None:
        WallClock._made += 1
        self.at = MINUTE + WallClock._made * 86_400.0

    def __call__(self) -> float:
        return self.at
