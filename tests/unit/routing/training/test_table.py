import numpy as np
import pytest

from routeiq.routing.training.errors import TrainingDataInvalid
from routeiq.routing.training.rows import Label
from routeiq.routing.training.table import build_table


def label(prompt="p", model="a", score=1.0, cost=None, domain=None, split=None):
    return Label(prompt, model, score, cost, domain, split)


def test_labels_of_one_prompt_and_model_are_averaged():
    table = build_table([label(score=1.0), label(score=0.0), label(model="b", score=0.5)])
    np.testing.assert_allclose(table.quality, [[0.5, 0.5]])


def test_a_missing_label_stays_missing():
    table = build_table([label(), label("q"), label("q", "b", 0.0, split=None)])
    assert np.isnan(table.quality).sum() == 1


def test_named_validation_rows_are_kept():
    table = build_table([label("p", split="train"), label("q", split="val"), label("r")])
    assert table.train.tolist() == [table.prompts[row] != "q" for row in range(3)]


def test_without_validation_rows_a_hash_of_the_prompt_splits():
    labels = [label(f"prompt {number}") for number in range(400)]
    one, other = build_table(labels), build_table(labels[::-1])
    assert 0.05 < (~one.train).mean() < 0.25
    assert one.prompts == other.prompts
    assert (one.train == other.train).all()
    assert one.data_sha256 == other.data_sha256


def test_another_score_gives_another_data_hash():
    assert build_table([label(score=1.0)]).data_sha256 != build_table([label(score=0.0)]).data_sha256


def test_a_missing_cost_is_the_models_mean():
    table = build_table([label("p", cost=2.0), label("q", cost=4.0), label("r")])
    assert sorted(table.cost_usd.ravel()) == [2.0, 3.0, 4.0]


def test_a_model_without_costs_is_priced_by_tokens():
    table = build_table([label("x" * 400)], {"a": (0.01, 0.5)})
    np.testing.assert_allclose(table.cost_usd, [[100 * 0.01 + 256 * 0.5]])
    assert table.priced


def test_without_any_cost_all_models_cost_the_same():
    table = build_table([label(), label(model="b")])
    assert not table.priced
    assert len(set(table.cost_usd.ravel())) == 1


def test_a_free_model_keeps_a_positive_cost():
    assert build_table([label(cost=0.0)]).cost_usd.min() > 0


def test_domains_are_numbered_and_may_be_unknown():
    table = build_table([label("p", domain="maths"), label("q", domain="code"), label("r")])
    assert table.domains == ("code", "maths")
    assert sorted(table.domain) == [-1, 0, 1]


def test_a_model_with_no_training_label_is_named():
    with pytest.raises(TrainingDataInvalid, match="model b: no label among the training rows"):
        build_table([label("p", split="train"), label("q", "b", split="val")])


def test_validation_rows_alone_cannot_be_trained_on():
    with pytest.raises(TrainingDataInvalid, match="no rows to fit on"):
        build_table([label(split="val")])
