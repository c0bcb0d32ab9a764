"""Candidates of a request against the models of an artifact."""

from __future__ import annotations

import math

import pytest

from routeiq.kit.errors import InvalidRequest
from routeiq.routing.candidates import (
    MAX_CANDIDATES,
    TYPICAL_INPUT_TOKENS,
    TYPICAL_OUTPUT_TOKENS,
    UNPRICED_QUALITY,
    Candidate,
    Known,
    Prices,
    Slate,
    prior_quality,
    reprice,
)

CHEAP, DEAR = Prices(1.0, 2.0), Prices(10.0, 20.0)
KNOWN = (
    Known("small", 0.5, CHEAP.cost_usd(TYPICAL_INPUT_TOKENS, TYPICAL_OUTPUT_TOKENS), CHEAP),
    Known("large", 0.7, DEAR.cost_usd(TYPICAL_INPUT_TOKENS, TYPICAL_OUTPUT_TOKENS), DEAR),
)
QUALITY, COST = (0.4, 0.8), (0.001, 0.01)


def only(candidate: Candidate, known: tuple[Known, ...] = KNOWN) -> Slate:
    return Slate([candidate], known)


def test_no_candidates_means_all_of_the_artifact() -> None:
    options = Slate([], KNOWN).options(QUALITY, COST, 100)
    assert [(one.model, one.quality, one.cost_usd, one.prior) for one in options] == [
        ("small", 0.4, 0.001, False),
        ("large", 0.8, 0.01, False),
    ]


def test_a_model_of_the_artifact_that_is_not_offered_is_masked() -> None:
    assert [one.model for one in only(Candidate("large")).options(QUALITY, COST, 100)] == ["large"]


def test_like_lends_another_models_predictions() -> None:
    (option,) = only(Candidate("ours", like="large", quality_offset=0.1)).options(QUALITY, COST, 100)
    assert option.model == "ours"
    assert option.quality == pytest.approx(0.9)
    assert not option.prior


def test_an_offset_never_leaves_the_scale() -> None:
    (high,) = only(Candidate("large", quality_offset=0.9)).options(QUALITY, COST, 100)
    (low,) = only(Candidate("small", quality_offset=-0.9)).options(QUALITY, COST, 100)
    assert (high.quality, low.quality) == (1.0, 0.0)


def test_like_of_a_model_that_the_artifact_lacks_gives_a_prior() -> None:
    slate = only(Candidate("small", like="unheard-of", prices=CHEAP))
    (option,) = slate.options(QUALITY, COST, 100)
    assert option.prior
    assert not slate.knows_any


def test_an_unknown_model_gets_quality_and_cost_from_its_prices() -> None:
    slate = Slate([Candidate("small"), Candidate("new", prices=DEAR)], KNOWN)
    option = slate.options(QUALITY, COST, 100)[1]
    assert option.prior
    assert slate.knows_any
    assert option.quality == prior_quality(DEAR)
    assert option.cost_usd == DEAR.cost_usd(100, TYPICAL_OUTPUT_TOKENS)


def test_an_unknown_model_without_prices_costs_what_the_others_cost() -> None:
    slate = Slate([Candidate("small"), Candidate("large"), Candidate("new")], KNOWN)
    option = slate.options(QUALITY, COST, 100)[2]
    assert option.quality == UNPRICED_QUALITY
    assert option.cost_usd == slate.mean_cost_usd == (KNOWN[0].mean_cost_usd + KNOWN[1].mean_cost_usd) / 2


def test_dearer_models_are_guessed_to_be_better() -> None:
    guesses = [prior_quality(Prices(price, price)) for price in (0.0, 0.2, 0.9, 4.0, 80.0)]
    assert guesses == sorted(guesses)
    assert guesses[0] < guesses[-1] < 1.0


def test_the_same_prices_give_the_predicted_cost() -> None:
    assert reprice(0.004, KNOWN[1], DEAR, 100) == pytest.approx(0.004)


def test_other_prices_keep_the_predicted_length_of_the_answer() -> None:
    half = Prices(DEAR.input / 2, DEAR.output / 2)
    assert reprice(0.004, KNOWN[1], half, 100) == pytest.approx(0.002)


def test_a_cost_below_that_of_the_prompt_still_buys_one_token() -> None:
    assert reprice(1e-9, KNOWN[1], DEAR, 100) == pytest.approx(DEAR.cost_usd(100, 1))


def test_without_the_artifacts_prices_the_mean_is_scaled() -> None:
    bare = Known("bare", 0.5, 0.002)
    typical = CHEAP.cost_usd(TYPICAL_INPUT_TOKENS, TYPICAL_OUTPUT_TOKENS)
    assert reprice(0.004, bare, CHEAP, 100) == pytest.approx(2 * typical)


def test_no_declared_prices_leave_the_prediction_alone() -> None:
    assert reprice(0.004, KNOWN[1], None, 100) == 0.004


def test_without_an_artifact_the_mean_is_of_what_is_priced() -> None:
    slate = Slate([Candidate("a", prices=CHEAP), Candidate("b")], ())
    assert slate.mean_cost_usd == CHEAP.cost_usd(TYPICAL_INPUT_TOKENS, TYPICAL_OUTPUT_TOKENS)
    assert Slate([Candidate("b")], ()).mean_cost_usd == 0.0


@pytest.mark.parametrize(
    "candidates",
    [
        [Candidate("a"), Candidate("a")],
        [Candidate("")],
        [Candidate("a", quality_offset=math.nan)],
        [Candidate("a", prices=Prices(-1.0, 1.0))],
        [Candidate("a", prices=Prices(1.0, math.inf))],
        [Candidate(str(number)) for number in range(MAX_CANDIDATES + 1)],
    ],
)
def test_impossible_candidates_are_refused(candidates: list[Candidate]) -> None:
    with pytest.raises(InvalidRequest):
        Slate(candidates, KNOWN)


def test_nothing_to_choose_from_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        Slate([], ())
