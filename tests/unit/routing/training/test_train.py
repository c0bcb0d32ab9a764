import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from routeiq.cli.artifact import app
from routeiq.routing.artifact import load_artifact
from routeiq.routing.prompt_text import prompt_features, routing_text
from routeiq.routing.training import train as module
from routeiq.routing.training.errors import TrainingDataInvalid, TrainingFailed
from routeiq.routing.training.progress import progress_bars
from routeiq.routing.training.show import describe
from routeiq.routing.training.train import train
from tests.support.trained import DATA, MODELS, TOPICS, WordEncoder, long_rows, real_encoder, wide_rows, write_jsonl

ENCODER = WordEncoder()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The report of a training run over 1,800 toy prompts, long rows, and its artifact."""
    folder = tmp_path_factory.mktemp("trained")
    rows = write_jsonl(folder / "rows.jsonl", long_rows(wide_rows(1800)))
    report = train([rows], folder / "artifact", encoder=ENCODER, notes="## Sources\n\nA toy.")
    return report, load_artifact(report.out, ENCODER)


def scores_of(artifact, prompts):
    texts = [routing_text([prompt]) for prompt in prompts]
    embeddings = ENCODER.encode([ENCODER.tokenize(text) for text in texts])
    return artifact.score(embeddings, np.stack([prompt_features(text) for text in texts]))


def test_the_artifact_knows_who_is_good_at_what(trained):
    _, artifact = trained
    assert artifact.candidates == tuple(sorted(MODELS))
    scores = scores_of(artifact, [" ".join(words.split()[:6]) for words in TOPICS.values()])
    best = [artifact.candidates[place] for place in scores.quality.argmax(axis=1)]
    assert best[:2] == ["coder", "thinker"]
    assert scores.cost_usd.argmin(axis=1).tolist() == [artifact.candidates.index("cheap")] * 3


def test_domain_and_novelty_come_with_the_scores(trained):
    _, artifact = trained
    scores = scores_of(artifact, ["integral sum prime triangle", "zebra xylophone umbrella quokka"])
    assert artifact.manifest.domains[int(scores.domain_share[0].argmax())] == "maths"
    assert scores.novelty[0] < scores.novelty[1]


def test_it_beats_every_single_model_on_validation(trained):
    report, _ = trained
    assert report.manifest.strategy == "ensemble"
    assert report.manifest.metrics.val["gain"] > 0.05
    assert report.manifest.metrics.val["gap"] > 0.2
    assert report.manifest.metrics.ci.low < report.manifest.metrics.val["gap"] < report.manifest.metrics.ci.high
    assert report.manifest.metrics.test is None


def test_confidence_meets_accuracy(trained):
    _, artifact = trained
    rows = [row for row in wide_rows(900, seed=5) if row["split"] == "test"]
    quality = scores_of(artifact, [row["prompt"] for row in rows]).quality
    place = quality.argmax(axis=1)
    reached = np.mean([row[f"score:{artifact.candidates[one]}"] for row, one in zip(rows, place, strict=True)])
    assert abs(float(artifact.confidence(quality.max(axis=1)).mean()) - reached) < 0.06


def test_the_card_names_data_candidates_and_notes(trained):
    report, _ = trained
    card = (report.out / "card.md").read_text("utf-8")
    assert report.manifest.training.data_sha256 in card
    assert all(model in card for model in MODELS)
    assert card.rstrip().endswith("A toy.")


def test_a_picture_lies_beside_and_is_not_hashed(trained):
    report, _ = trained
    assert (report.out / "cost_quality.png").read_bytes().startswith(b"\x89PNG")
    assert "cost_quality.png" not in [entry.path for entry in report.manifest.files]


def test_the_description_names_what_counts(trained):
    report, _ = trained
    description = describe(report.out, ENCODER)
    text = description.text
    assert description.valid
    assert report.manifest.artifact_id in text
    assert "state       valid" in text
    assert "thinker" in text


def test_the_description_of_a_broken_artifact_says_so(tmp_path):
    report = train([write_jsonl(tmp_path / "rows.jsonl", wide_rows(60))], tmp_path / "out", encoder=ENCODER)
    (report.out / "card.md").write_text("other", "utf-8")
    assert not describe(report.out).valid
    shown = CliRunner().invoke(app, ["show", str(report.out)])
    assert shown.exit_code == 1
    assert "INVALID" in shown.output


def test_the_same_rows_and_seed_give_the_same_artifact(tmp_path):
    rows = wide_rows(600)
    one = train([write_jsonl(tmp_path / "a.jsonl", rows)], tmp_path / "one", encoder=ENCODER)
    other = train([write_jsonl(tmp_path / "b.jsonl", long_rows(rows)[::-1])], tmp_path / "other", encoder=ENCODER)
    assert one.manifest.artifact_id == other.manifest.artifact_id


def test_test_rows_change_nothing(tmp_path):
    rows = wide_rows(300)
    lies = [{**row, **{f"score:{model}": 1.0 for model in MODELS}} if row["split"] == "test" else row for row in rows]
    one = train([write_jsonl(tmp_path / "a.jsonl", rows)], tmp_path / "one", encoder=ENCODER)
    other = train([write_jsonl(tmp_path / "b.jsonl", lies)], tmp_path / "other", encoder=ENCODER)
    assert one.manifest.artifact_id == other.manifest.artifact_id


def test_a_few_rows_are_shrunk_not_refused(tmp_path):
    rows = [row for row in wide_rows(12) if row["split"] == "train"][:3]
    bare = [{"prompt": row["prompt"], "score:a": row["score:coder"], "score:b": None} for row in rows]
    bare[0]["score:b"] = 1.0
    path = write_jsonl(tmp_path / "rows.jsonl", [{**row, "split": "train"} for row in bare])
    report = train([path], tmp_path / "out", encoder=ENCODER)
    assert report.manifest.strategy == "static"
    assert report.manifest.weights == {"mean": 1.0}
    assert len(report.warnings) == 4


def test_a_few_rows_with_domains_give_domain_means(tmp_path):
    report = train([write_jsonl(tmp_path / "rows.jsonl", wide_rows(60))], tmp_path / "out", encoder=ENCODER)
    assert report.manifest.strategy == "domain"
    assert 0 < report.manifest.weights["mean"] < 1


def test_sparse_labels_are_enough(tmp_path):
    rows = [row for number, row in enumerate(long_rows(wide_rows(900))) if number % 4]
    report = train([write_jsonl(tmp_path / "rows.jsonl", rows)], tmp_path / "out", encoder=ENCODER, strategy="knn")
    assert report.manifest.strategy == "knn"
    scores = scores_of(load_artifact(report.out), ["function python loop compile variable class"])
    assert report.manifest.candidates[int(scores.quality[0].argmax())].name == "coder"


def test_prices_stand_in_the_manifest(tmp_path):
    path = write_jsonl(tmp_path / "rows.jsonl", wide_rows(60))
    report = train([path], tmp_path / "out", encoder=ENCODER, prices={"cheap": (1e-7, 2e-7)})
    cheap = next(one for one in report.manifest.candidates if one.name == "cheap")
    assert (cheap.in_price, cheap.out_price) == (1e-7, 2e-7)


def test_two_models_are_measured_by_apgr(tmp_path):
    keep = ("prompt", "domain", "split", "score:coder", "score:thinker")
    rows = [{name: row[name] for name in keep} for row in wide_rows(600)]
    report = train([write_jsonl(tmp_path / "rows.jsonl", rows)], tmp_path / "out", encoder=ENCODER)
    assert report.manifest.metrics.val["apgr"] > 0.5


def test_an_older_artifact_is_replaced_and_other_folders_are_not(tmp_path):
    path = write_jsonl(tmp_path / "rows.jsonl", wide_rows(60))
    first = train([path], tmp_path / "out", encoder=ENCODER)
    assert train([path], tmp_path / "out", encoder=ENCODER).manifest == first.manifest
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine", "utf-8")
    with pytest.raises(TrainingFailed, match="holds other files"):
        train([path], tmp_path / "full", encoder=ENCODER)
    with pytest.raises(TrainingFailed, match="is a file"):
        train([path], path, encoder=ENCODER)
    with pytest.raises(TrainingFailed, match="cannot be made"):
        train([path], path / "below" / "out", encoder=ENCODER)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["full", "out", "rows.jsonl"]


def test_bad_rows_leave_no_artifact(tmp_path):
    path = write_jsonl(tmp_path / "rows.jsonl", [{"prompt": "p", "model": "m", "score": 7}])
    with pytest.raises(TrainingDataInvalid):
        train([path], tmp_path / "out", encoder=ENCODER)
    assert not (tmp_path / "out").exists()


def test_progress_is_reported_by_stage(tmp_path):
    seen = {}
    train(
        [write_jsonl(tmp_path / "r.jsonl", wide_rows(60))], tmp_path / "out", encoder=ENCODER, progress=seen.__setitem__
    )
    assert seen == {"reading": 1.0, "embedding": 1.0, "fitting": 1.0, "writing": 1.0}


def test_the_bars_show_every_stage(capsys):
    with progress_bars() as report:
        report("embedding", 0.5)
        report("embedding", 1.0)
        report("writing", 1.0)
    shown = capsys.readouterr().out
    assert "embedding" in shown
    assert "writing" in shown


def test_a_missing_encoder_says_how_to_make_it(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "default_encoder_dir", lambda: tmp_path)
    with pytest.raises(TrainingFailed, match="encoder_export"):
        train([write_jsonl(tmp_path / "rows.jsonl", wide_rows(60))], tmp_path / "out")


def test_real_prompts_and_the_real_encoder_make_a_loadable_artifact(tmp_path):
    table = pq.read_table(DATA / "multi_tasks.parquet").slice(0, 260)
    pq.write_table(table, tmp_path / "rows.parquet")
    report = train([tmp_path / "rows.parquet"], tmp_path / "out", encoder=real_encoder())
    assert len(load_artifact(report.out, real_encoder()).candidates) == 9
