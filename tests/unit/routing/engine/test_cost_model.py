"""Predicting how long the encoder takes."""

from __future__ import annotations

import random

import pytest

from routeiq.routing.engine.cost_model import CostModel, EncodeTiming, padded


def test_the_line_goes_through_both_measurements() -> None:
    timing = EncodeTiming.fit((16, 0.004), (256, 0.040))
    assert timing(16) == pytest.approx(0.004)
    assert timing(256) == pytest.approx(0.040)


def test_noise_cannot_make_longer_prompts_faster() -> None:
    timing = EncodeTiming.fit((16, 0.050), (256, 0.040))
    assert timing(16) <= timing(256)
    assert EncodeTiming.fit((16, 0.0001), (256, 0.040)).base_s == 0.0


def test_a_batch_computes_its_padding_too() -> None:
    assert padded([10, 20, 30]) == 90
    assert padded([]) == 0


def test_it_follows_a_machine_that_slows_down_and_recovers() -> None:
    model = CostModel(EncodeTiming(0.0, 0.001))
    for _ in range(30):
        model.observe(10, 0.03)
    assert model.expect(10) == pytest.approx(0.03)
    for _ in range(30):
        model.observe(10, 0.01)
    assert model.expect(10) == pytest.approx(0.01)


def test_one_outlier_moves_it_little() -> None:
    model = CostModel(EncodeTiming(0.0, 0.001))
    model.observe(10, 5.0)
    assert model.expect(10) <= 0.012


def test_it_tracks_the_median_of_noisy_runs() -> None:
    noise, model = random.Random(1), CostModel(EncodeTiming(0.0, 0.001))
    expected = []
    for _ in range(500):
        model.observe(10, 0.01 * (1 if noise.random() < 0.8 else 10))
        expected.append(model.expect(10))
    assert sorted(expected)[250] < 0.015  # the mean of these runs is 0.028


def test_hope_is_never_more_than_half_the_calibrated_time() -> None:
    model = CostModel(EncodeTiming(0.0, 0.001))
    for _ in range(50):
        model.observe(10, 0.2)
    assert model.hope(10) == pytest.approx(0.005)


def test_another_encoder_starts_anew() -> None:
    model = CostModel(EncodeTiming(0.0, 0.001))
    model.observe(10, 1.0)
    model.reset(EncodeTiming(0.0, 0.002))
    assert model.expect(10) == pytest.approx(0.02)
