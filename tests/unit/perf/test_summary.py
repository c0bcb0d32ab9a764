"""Medians over rounds, and ratios that are taken within a round."""

from __future__ import annotations

import pytest

from tests.perf.summary import ratio, spread, summarise


def test_median_and_range() -> None:
    found = spread([3.0, 1.0, 2.0])
    assert (found.median, found.low, found.high, found.rounds) == (2.0, 1.0, 3.0, 3)


def test_nothing_has_no_median() -> None:
    with pytest.raises(ValueError, match="nothing"):
        spread([])


def test_a_figure_of_a_minority_is_left_out() -> None:
    rounds = [{"rps": 1.0, "p50": 5.0}, {"rps": 2.0}, {"rps": 3.0}]
    assert set(summarise(rounds)) == {"rps"}


def test_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    ours, theirs = [{"rps": 1.0}, {"rps": 10.0}, {"rps": 4.0}], [{"rps": 2.0}, {"rps": 10.0}, {"rps": 16.0}]
    assert ratio(ours, theirs, "rps") == 0.5


def test_no_ratio_without_both_or_to_nothing() -> None:
    assert ratio([{"rps": 1.0}], [], "rps") is None
    assert ratio([{"rps": 1.0}], [{"rps": 0.0}], "rps") is None
