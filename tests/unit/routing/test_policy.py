"""The choice and its reasons."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.kit.errors import InvalidRequest
from routeiq.routing.candidates import Option
from routeiq.routing.policy import Reason, choose

SMALL = Option("small", 0.60, 0.001, prior=False)
LARGE = Option("large", 0.65, 0.019, prior=False)
GUESS = Option("guess", 0.99, 0.0, prior=True)
MEAN = 0.01


def test_at_weight_0_quality_alone_decides() -> None:
    choice = choose([SMALL, LARGE], 0.0, MEAN)
    assert choice.selected.model == "large"
    assert choice.reasons == (Reason.HIGHEST_UTILITY, Reason.QUALITY_LEAD)


def test_utility_is_quality_less_the_weighted_cost() -> None:
    choice = choose([SMALL, LARGE], 0.03, MEAN)
    assert choice.selected.model == "small"
    assert choice.selected.utility == pytest.approx(0.60 - 0.03 * 0.001 / MEAN)
    assert choice.reasons == (Reason.HIGHEST_UTILITY, Reason.CHEAPER_THAN_BEST)


def test_all_are_ranked_best_first() -> None:
    assert [one.model for one in choose([SMALL, LARGE], 0.0, MEAN).ranked] == ["large", "small"]


def test_a_prior_never_wins_at_weight_0() -> None:
    choice = choose([GUESS, SMALL], 0.0, MEAN)
    assert choice.selected.model == "small"
    assert choice.reasons == (Reason.HIGHEST_UTILITY, Reason.QUALITY_LEAD)


def test_a_prior_wins_at_weight_0_when_there_is_nothing_else() -> None:
    choice = choose([GUESS, Option("other", 0.5, 0.0, prior=True)], 0.0, MEAN)
    assert choice.selected.model == "guess"
    assert Reason.PRIOR in choice.reasons


def test_a_prior_may_win_once_cost_counts_and_says_so() -> None:
    choice = choose([SMALL, GUESS], 0.1, MEAN)
    assert choice.selected.model == "guess"
    assert choice.reasons == (Reason.HIGHEST_UTILITY, Reason.QUALITY_LEAD, Reason.PRIOR)


def test_one_candidate_needs_no_reason() -> None:
    assert choose([SMALL], 0.0, MEAN).reasons == (Reason.ONLY_CANDIDATE,)
    assert choose([GUESS], 0.0, MEAN).reasons == (Reason.ONLY_CANDIDATE, Reason.PRIOR)


def test_a_tie_goes_to_the_cheaper_then_to_the_first() -> None:
    dear, cheap, last = Option("a", 0.5, 0.02, False), Option("b", 0.5, 0.01, False), Option("c", 0.5, 0.01, False)
    assert [one.model for one in choose([dear, cheap, last], 0.0, MEAN).ranked] == ["b", "c", "a"]


def test_without_any_known_cost_quality_decides() -> None:
    assert choose([SMALL, LARGE], 1.0, 0.0).selected.model == "large"


@pytest.mark.parametrize("weight", [-0.1, math.nan, math.inf])
def test_an_impossible_weight_is_refused(weight: float) -> None:
    with pytest.raises(InvalidRequest):
        choose([SMALL], weight, MEAN)


options = st.builds(Option, st.just("m"), st.floats(0, 1), st.floats(0, 1), st.just(False))


@given(st.lists(options, min_size=1, max_size=8), st.floats(0, 5))
def test_nobody_has_a_higher_utility_than_the_chosen(found: list[Option], weight: float) -> None:
    ranked = choose(found, weight, MEAN).ranked
    assert ranked[0].utility == max(one.utility for one in ranked)
    assert len(ranked) == len(found)
