import numpy as np
import pytest

from routeiq.routing.training.measures import LAMBDAS, Field, apgr, gap_interval, hull, picks

# two kinds of prompts: the cheap model answers the first kind, only the dear one the second
QUALITY = np.array([[1.0, 1.0], [0.0, 1.0]] * 50)
COST = np.tile([0.1, 1.0], (100, 1))


def test_a_hull_drops_what_is_dearer_and_no_better():
    points = np.array([[1.0, 0.5], [2.0, 0.4], [3.0, 0.55], [4.0, 0.9]])
    np.testing.assert_allclose(hull(points), [[1.0, 0.5], [4.0, 0.9]])


def test_a_perfect_router_closes_the_gap():
    assert Field(QUALITY, COST).measure(picks(QUALITY, COST)).gap == pytest.approx(1, abs=0.01)


def test_predicting_the_means_leaves_the_gap_open():
    means = np.tile(QUALITY.mean(axis=0), (100, 1))
    assert Field(QUALITY, COST).measure(picks(means, COST)).gap == pytest.approx(0, abs=0.01)


def test_a_perfect_router_saves_where_the_cheap_model_is_enough():
    found = Field(QUALITY, COST).measure(picks(QUALITY - 1e-6 * COST, COST))
    assert found.accuracy == found.best_single == 1
    assert found.save == pytest.approx(0.45)


def test_a_wrong_router_saves_nothing():
    found = Field(QUALITY, COST).measure(np.zeros((len(LAMBDAS), 100), np.intp))
    assert found.gain == pytest.approx(-0.5)
    assert found.save == 0


def test_equal_models_leave_no_gap_to_close():
    same = np.ones((4, 2))
    assert Field(same, same).measure(picks(same, same)).gap == 0


def test_the_interval_holds_the_gap():
    noisy = np.clip(QUALITY + np.random.default_rng(0).normal(0, 0.7, QUALITY.shape), 0, 1)
    chosen = picks(noisy, COST)
    low, high = gap_interval(QUALITY, COST, chosen, seed=1)
    assert low <= Field(QUALITY, COST).measure(chosen).gap <= high


def test_apgr_of_a_perfect_and_of_a_reversed_order():
    strong, weak = QUALITY[:, 1], QUALITY[:, 0]
    need = strong - weak + np.linspace(0, 1e-3, 100)
    assert apgr(strong, weak, need) > 0.7
    assert apgr(strong, weak, -need) < 0.3
    assert apgr(strong, strong, need) == 0
