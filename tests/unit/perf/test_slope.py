"""Growth is found, noise and steps of an allocator are not taken for it."""

from __future__ import annotations

import random

import pytest

from tests.perf.soak.slope import blocked, fit, trend


def noisy(per_hour: float, seconds: int = 450, spread: float = 2.0) -> list[tuple[float, float]]:
    source = random.Random(1)
    return [(t, 90 + per_hour * t / 3600 + source.uniform(-spread, spread)) for t in map(float, range(seconds))]


def test_a_line_has_its_slope() -> None:
    assert fit([(float(t), 0.5 * t) for t in range(100)]).per_hour == pytest.approx(1800)


def test_a_leak_is_found_in_noise() -> None:
    found = fit(noisy(120))
    assert found.per_hour == pytest.approx(120, rel=0.3)
    assert found.grows(30)


def test_noise_does_not_grow() -> None:
    assert not fit(noisy(0)).grows(0)


def test_a_steady_rise_below_the_floor_is_let_pass() -> None:
    found = fit(noisy(10, spread=0.01))
    assert found.z > 2.33
    assert not found.grows(30)


def test_a_spike_changes_nothing() -> None:
    points = noisy(0)
    points[200] = (200.0, 5000.0)
    assert not fit(points).grows(30)


def test_what_is_always_the_same_has_no_trend() -> None:
    assert trend([3.0] * 10) == 0.0


def test_falling_is_a_negative_trend() -> None:
    assert trend([5.0, 4.0, 3.0, 2.0, 1.0]) < -2


def test_blocks_are_medians() -> None:
    assert blocked([(0.0, 1.0), (1.0, 100.0), (2.0, 3.0), (3.0, 5.0)], 2) == [(0.5, 50.5), (2.5, 4.0)]


def test_two_points_are_too_few() -> None:
    with pytest.raises(ValueError, match="three"):
        fit([(0.0, 1.0), (1.0, 2.0)])
