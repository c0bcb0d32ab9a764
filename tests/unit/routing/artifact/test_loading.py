import json
import shutil

import numpy as np
import pytest

from routeiq.routing.artifact import (
    ArtifactInvalid,
    ShapeMismatch,
    Trust,
    load_artifact,
    read_manifest,
    validate,
    verify,
)
from tests.support.artifacts import ENCODER, edit, problems_of, replace_file
from tests.support.trained import WordEncoder


def test_a_good_artifact_loads_and_scores(artifact_dir):
    artifact = load_artifact(artifact_dir, ENCODER)
    embeddings = ENCODER.encode([[1, 2], [3, 4, 5]])
    scores = artifact.score(embeddings, np.zeros((2, len(artifact.manifest.features)), np.float32))
    assert scores.quality.shape == scores.cost_usd.shape == (2, 3)
    assert scores.quality.dtype == np.float32
    assert ((scores.quality >= 0) & (scores.quality <= 1)).all()
    assert (scores.cost_usd > 0).all()
    assert validate(artifact_dir, ENCODER) == []


def test_confidence_keeps_the_order_and_the_range(artifact_dir):
    confidence = load_artifact(artifact_dir, ENCODER).confidence(np.linspace(0, 1, 50, dtype=np.float32))
    assert (np.diff(confidence) >= 0).all()
    assert 0 <= confidence.min() <= confidence.max() <= 1


def test_the_means_need_no_graph(artifact_dir):
    artifact = load_artifact(artifact_dir, ENCODER)
    assert artifact.mean_quality.shape == artifact.mean_cost_usd.shape == (3,)
    assert artifact.candidates[int(artifact.mean_cost_usd.argmin())] == "cheap"
    assert artifact.artifact_id == artifact.manifest.artifact_id


@pytest.mark.parametrize(("rows", "width"), [(2, 7), (1, 24)])
def test_other_shapes_are_refused(artifact_dir, rows, width):
    artifact = load_artifact(artifact_dir, ENCODER)
    features = np.zeros((2, len(artifact.manifest.features)), np.float32)
    with pytest.raises(ShapeMismatch):
        artifact.score(np.zeros((rows, width), np.float32), features)


def test_a_changed_file_is_refused(artifact_dir):
    path = artifact_dir / "knn.onnx"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    assert "knn.onnx is not the file that the manifest names" in problems_of(artifact_dir)


def test_every_missing_and_short_file_is_named(artifact_dir):
    (artifact_dir / "knn.onnx").unlink()
    (artifact_dir / "card.md").write_text("short", "utf-8")
    problems = problems_of(artifact_dir)
    assert "knn.onnx is missing" in problems
    assert "card.md has 5 bytes" in problems


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../b", "", "a\\b", "./card.md", "a//b"])
def test_a_path_out_of_the_artifact_is_refused(artifact_dir, path):
    edit(artifact_dir, lambda manifest: manifest["files"][0].update(path=path))
    assert "must be a relative path inside the artifact" in problems_of(artifact_dir)


@pytest.mark.parametrize("path", ["c\0", "a\nb", "x" * 300])
def test_a_path_is_a_name(artifact_dir, path):
    edit(artifact_dir, lambda manifest: manifest["files"][0].update(path=path))
    assert "files.0.path" in problems_of(artifact_dir)


def test_a_link_out_of_the_artifact_is_refused(artifact_dir, tmp_path):
    shutil.move(artifact_dir / "card.md", tmp_path / "card.md")
    (artifact_dir / "card.md").symlink_to(tmp_path / "card.md")
    assert "card.md leads out of the artifact" in problems_of(artifact_dir)


def test_another_encoder_is_refused(artifact_dir):
    other = WordEncoder()
    other.sha256, other.dim = "f" * 64, 12
    with pytest.raises(ArtifactInvalid, match=r"encoder\.sha256 is .*; encoder\.dim is 12"):
        load_artifact(artifact_dir, other)


def test_an_encoder_that_computes_otherwise_fails_the_self_test(artifact_dir):
    class Drifted(WordEncoder):
        def encode(self, batch):
            return -super().encode(batch)

    with pytest.raises(ArtifactInvalid, match="embedding differs by"):
        load_artifact(artifact_dir, Drifted())


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"[]", "holds no prompts"), (b"[{}]", "does not fit the manifest"), (b"\x80\x04pickle", "does not fit")],
)
def test_bad_golden_rows_are_refused(artifact_dir, content, message):
    replace_file(artifact_dir, "golden.json", content)
    assert message in problems_of(artifact_dir)


def test_golden_rows_of_another_width_are_refused(artifact_dir):
    rows = json.loads((artifact_dir / "golden.json").read_text("utf-8"))
    rows[0]["quality"].append(0.5)
    replace_file(artifact_dir, "golden.json", json.dumps(rows).encode())
    assert "does not fit the manifest" in problems_of(artifact_dir)


def test_golden_rows_must_be_there(artifact_dir):
    def drop(manifest):
        manifest["files"] = [one for one in manifest["files"] if one["path"] != "golden.json"]

    edit(artifact_dir, drop)
    assert "golden.json is not among the files" in problems_of(artifact_dir)


def test_a_graph_that_is_none_is_refused(artifact_dir):
    replace_file(artifact_dir, "cost.onnx", b"\x80\x04not a graph")
    assert "cost.onnx is refused" in problems_of(artifact_dir)


def test_without_a_cost_graph_models_cost_their_means(artifact_dir):
    def drop(manifest):
        manifest["files"] = [one for one in manifest["files"] if one["path"] not in ("cost.onnx", "knn.onnx")]
        manifest["weights"] = {"mean": 1.0}

    edit(artifact_dir, drop)
    assert "cost differs" in problems_of(artifact_dir)


def test_unsigned_is_refused_where_signatures_are_asked_for(artifact_dir):
    assert "it is not signed" in problems_of(artifact_dir, trust=Trust(allow_unsigned=False))
    (artifact_dir / "manifest.sig").write_bytes(b"0" * 64)
    assert "no public key is configured" in problems_of(artifact_dir, trust=Trust(allow_unsigned=False))


def test_the_expected_artifact_is_asked_for_by_id(artifact_dir):
    assert load_artifact(artifact_dir, ENCODER, expected_id=read_manifest(artifact_dir).artifact_id)
    assert "not 1234" in problems_of(artifact_dir, expected_id="1234")


def test_verifying_opens_no_graph_but_reads_every_file(artifact_dir):
    replace_file(artifact_dir, "cost.onnx", b"not a graph")
    assert verify(artifact_dir) == read_manifest(artifact_dir)
    (artifact_dir / "cost.onnx").write_bytes(b"not a grapf")
    with pytest.raises(ArtifactInvalid, match="sha256 differs"):
        verify(artifact_dir)
