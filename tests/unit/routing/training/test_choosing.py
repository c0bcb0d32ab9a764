import numpy as np
import pytest

from routeiq.routing.artifact import calibrate
from routeiq.routing.training.choosing import MEAN, blend, calibrate_picks, choose

ROWS = 400
KIND = np.arange(ROWS) % 2
TRUTH = np.column_stack([KIND == 0, KIND == 1]).astype(float)
COST = np.tile([0.1, 1.0], (ROWS, 1))
MEANS = np.tile(TRUTH.mean(axis=0), (ROWS, 1))
NOISE = np.random.default_rng(0).random((ROWS, 2))


def test_a_head_that_knows_outweighs_noise():
    weights = choose({"domain": TRUTH, "knn": NOISE, MEAN: MEANS}, TRUTH, COST, COST)
    assert weights["domain"] > 0.6 > weights.get("knn", 0.0)
    assert sum(weights.values()) == pytest.approx(1)


def test_a_head_that_does_harm_is_not_taken():
    best = np.column_stack([np.zeros(ROWS), np.ones(ROWS)])
    means = np.tile([0.0, 1.0], (ROWS, 1))
    assert choose({"knn": 1 - best, MEAN: means}, best, COST, COST) in ({MEAN: 1.0}, {"knn": 0.25, MEAN: 0.75})


def test_without_heads_the_mean_is_all():
    assert choose({MEAN: MEANS}, TRUTH, COST, COST) == {MEAN: 1.0}


def test_too_few_rows_leave_the_preset():
    parts = {"domain": TRUTH[:20], "knn": NOISE[:20], MEAN: MEANS[:20]}
    weights = choose(parts, TRUTH[:20], COST[:20], COST[:20])
    assert weights == pytest.approx({"domain": 0.8 * 2 / 3, "knn": 0.8 / 3, MEAN: 0.2})


def test_rows_that_lack_a_label_do_not_count():
    holes = np.where(NOISE < 0.9, np.nan, TRUTH)
    weights = choose({"domain": TRUTH, MEAN: MEANS}, holes, COST, COST)
    assert weights == pytest.approx({"domain": 0.8, MEAN: 0.2})


def test_a_blend_is_the_weighted_sum():
    np.testing.assert_allclose(blend({"knn": TRUTH, MEAN: MEANS}, {"knn": 0.5, MEAN: 0.5}), (TRUTH + MEANS) / 2)


def test_calibration_takes_overconfidence_back():
    random = np.random.default_rng(1)
    predicted = np.full((2000, 2), 0.9)
    truth = (random.random((2000, 2)) < 0.6).astype(float)
    found = calibrate_picks(predicted, np.ones((2000, 2)), truth)
    assert float(calibrate(np.float32(0.9), found)) == pytest.approx(0.6, abs=0.03)
    assert found.error is not None
    assert found.error < 0.03


def test_good_predictions_are_left_as_they_are():
    random = np.random.default_rng(2)
    predicted = random.uniform(0.1, 0.9, (3000, 1))
    truth = (random.random((3000, 1)) < predicted).astype(float)
    found = calibrate_picks(predicted, np.ones((3000, 1)), truth)
    assert found.slope == pytest.approx(1, abs=0.15)
    assert found.offset == pytest.approx(0, abs=0.15)


def test_nothing_seen_leaves_the_scale_alone():
    empty = np.full((3, 2), np.nan)
    assert calibrate_picks(empty, empty, TRUTH[:3]).slope == 1
    assert calibrate_picks(MEANS[:3], COST[:3], empty).slope == 1
