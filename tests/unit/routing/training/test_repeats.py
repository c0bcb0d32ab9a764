from routeiq.routing.training.repeats import repeat_warnings
from routeiq.routing.training.rows import Label
from routeiq.routing.training.train import train
from tests.support.trained import WordEncoder, wide_rows, write_jsonl


def label(prompt="p", model="a", score=1.0):
    return Label(prompt, model, score, None, None, None)


def test_different_labels_give_no_warning():
    assert repeat_warnings([label(), label("q"), label(model="b", score=0.0)]) == ()


def test_repetitions_and_contradictions_are_counted():
    labels = [label(), label(), label(), label("q"), label("q", score=0.0)]
    assert repeat_warnings(labels) == (
        "labels repeated exactly: 2; they are averaged, so that they count once",
        "pairs of prompt and model with contradicting scores: 1; they are averaged",
    )


def test_training_passes_them_on_and_says_that_one_candidate_is_none(tmp_path):
    rows = [{"prompt": row["prompt"], "score:coder": row["score:coder"]} for row in wide_rows(30)]
    path = write_jsonl(tmp_path / "rows.jsonl", [*rows, rows[0]])
    warnings = train([path], tmp_path / "out", encoder=WordEncoder()).warnings
    assert warnings[0].startswith("labels repeated exactly: 1;")
    assert "one candidate: nothing to route" in warnings
