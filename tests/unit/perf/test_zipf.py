"""The sequence in which prompts are asked: its shape, and that it is the same everywhere."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.perf.zipf import best_hit_rate, draw, packed, weights


def test_weights_fall_by_the_power_and_add_up_to_one() -> None:
    found = weights(1000, 1.1)
    assert sum(found) == pytest.approx(1.0)
    assert found[0] / found[9] == pytest.approx(10**1.1)


def test_the_same_seed_draws_the_same_sequence() -> None:
    assert draw(100, 1.1, 50) == draw(100, 1.1, 50)
    assert draw(100, 1.1, 50) != draw(100, 1.1, 50, seed=2)


def test_frequencies_follow_the_weights() -> None:
    counted = Counter(draw(100, 1.1, 50_000))
    expected = weights(100, 1.1)
    assert counted[0] / 50_000 == pytest.approx(expected[0], rel=0.05)
    assert counted[10] / 50_000 == pytest.approx(expected[10], rel=0.15)
    assert max(counted) < 100


def test_a_cache_of_everything_always_hits() -> None:
    assert best_hit_rate(100, 1.1, 100) == pytest.approx(1.0)
    assert 0.9 < best_hit_rate(10_000, 1.1, 4096) < 0.96


def test_packed_as_little_endian() -> None:
    assert packed([1, 256]) == b"\x01\0\0\0\0\x01\0\0"
