"""How long a poller waits."""

from __future__ import annotations

import pytest

from routeiq.config_sync.backoff import pause_s


def middle() -> float:
    return 0.5


@pytest.mark.parametrize(
    ("failures", "interval", "expected"),
    [
        (0, 60, 60), (1, 60, 5), (2, 60, 10), (3, 60, 20), (4, 60, 40), (7, 60, 300), (99, 60, 300), (10**9, 60, 300),
        (0, 2, 2), (1, 2, 2), (2, 2, 4), (1, 3600, 5), (99, 3600, 3600),
    ],
)  # fmt: skip
def test_failures_double_the_pause_up_to_a_bound(failures: int, interval: float, expected: float) -> None:
    assert pause_s(failures, interval, middle) == pytest.approx(expected)


@pytest.mark.parametrize(("chance", "expected"), [(0.0, 54), (1.0, 66)])
def test_pauses_are_spread_by_a_tenth(chance: float, expected: float) -> None:
    assert pause_s(0, 60, lambda: chance) == pytest.approx(expected)


def test_pauses_differ() -> None:
    assert len({pause_s(0, 60) for _ in range(20)}) > 10
