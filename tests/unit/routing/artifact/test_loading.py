import contextlib
import hashlib
import json
import os
import shutil

import numpy as np
import pytest
from pydantic import ValidationError

from routeiq.routing.artifact import ArtifactInvalid, ShapeMismatch, load_artifact, read_manifest, validate, verify
from routeiq.routing.artifact.manifest import Content, content_id
from routeiq.routing.training.train import train
from tests.support.trained import WordEncoder, wide_rows, write_jsonl

ENCODER = WordEncoder()


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original")
    return train([write_jsonl(folder / "rows.jsonl", wide_rows(500))], folder / "artifact", encoder=ENCODER).out


@pytest.fixture
def artifact_dir(original, tmp_path):
    """A copy of a good artifact that a test may damage."""
    return shutil.copytree(original, tmp_path / "artifact")


def edit(directory, change):
    """Apply `change` to the manifest's JSON and make its artifact_id right again, if it was not what changed."""
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    before = manifest["artifact_id"]
    change(manifest)
    with contextlib.suppress(ValidationError):
        content = Content.model_validate({name: one for name, one in manifest.items() if name != "artifact_id"})
        manifest["artifact_id"] = content_id(content) if manifest["artifact_id"] == before else "0" * 64
    path.write_text(json.dumps(manifest), "utf-8")


def replace_file(directory, name, content):
    """Put other bytes in place and make hashes, sizes and artifact_id agree with them."""
    (directory / name).write_bytes(content)

    def change(manifest):
        entry = next(one for one in manifest["files"] if one["path"] == name)
        entry.update(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))

    edit(directory, change)


def problems_of(directory, **options):
    with pytest.raises(ArtifactInvalid) as found:
        load_artifact(directory, ENCODER, **options)
    return "; ".join(found.value.problems)


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


def test_every_wrong_field_is_named(artifact_dir):
    edit(artifact_dir, lambda manifest: manifest.update(strategy="magic", opset="new", candidates=[]))
    problems = problems_of(artifact_dir)
    assert all(name in problems for name in ("strategy", "opset", "candidates"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"artifact_id": "0" * 64}, "artifact_id is not the hash"),
        ({"weights": {"mean": 0.5}}, "weights must sum to 1"),
        ({"fallback": {"model": "nobody"}}, "'nobody' is not a candidate"),
        ({"opset": 99}, "opset 99 is newer"),
        ({"features": ["other"]}, "other prompt features"),
        ({"min_service_version": "99.0"}, "needs service version 99.0"),
        ({"domains": ["one"]}, "domain.onnx: .*not float of width 1"),
        ({"weights": {"mean": 0.5, "mlp": 0.5}}, "mlp.onnx is not among the files"),
        ({"calibration": {"slope": 3.0, "offset": 1.0}}, "confidence differs"),
        ({"weights": {"mean": 1.0}}, "quality differs"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(artifact_dir, change, message):
    edit(artifact_dir, lambda manifest: manifest.update(change))
    with pytest.raises(ArtifactInvalid, match=message):
        load_artifact(artifact_dir, ENCODER)


def test_duplicate_candidates_and_files_are_refused(artifact_dir):
    edit(artifact_dir, lambda manifest: manifest.update(candidates=manifest["candidates"] * 2))
    assert "distinct names" in problems_of(artifact_dir)


def test_a_missing_or_broken_manifest_is_named(artifact_dir, tmp_path):
    assert "manifest.json cannot be read" in problems_of(tmp_path / "nowhere")
    (artifact_dir / "manifest.json").write_text("{", "utf-8")
    assert "manifest.json: Invalid JSON" in problems_of(artifact_dir)


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
    assert "it is not signed" in problems_of(artifact_dir, allow_unsigned=False)
    (artifact_dir / "manifest.sig").write_bytes(b"0" * 64)
    assert "cannot be verified" in problems_of(artifact_dir, allow_unsigned=False)


def test_the_expected_artifact_is_asked_for_by_id(artifact_dir):
    assert load_artifact(artifact_dir, ENCODER, expected_id=read_manifest(artifact_dir).artifact_id)
    assert "not 1234" in problems_of(artifact_dir, expected_id="1234")


def swap_names(manifest):
    one, other = manifest["candidates"][:2]
    one["name"], other["name"] = other["name"], one["name"]


@pytest.mark.parametrize(
    "change",
    [
        swap_names,
        lambda manifest: manifest["fallback"].update(model="cheap"),
        lambda manifest: manifest["candidates"][0].update(mean_cost=1.0),
        lambda manifest: manifest["metrics"]["val"].update(gap=0.99),
        lambda manifest: manifest["training"].update(data_sha256="0" * 64),
        lambda manifest: manifest.update(min_service_version="0.0.1"),
    ],
)
def test_the_id_covers_every_field(artifact_dir, change):
    path = artifact_dir / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), "utf-8")
    assert "artifact_id is not the hash" in problems_of(artifact_dir)


def test_another_notation_of_the_same_manifest_keeps_its_id(artifact_dir):
    path = artifact_dir / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(dict(reversed(manifest.items())), indent=4), "utf-8")
    assert validate(artifact_dir, ENCODER) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.update(rollout="later"),
        lambda manifest: manifest["candidates"][0].update(rollout="later"),
    ],
)
def test_unknown_fields_are_refused(artifact_dir, change):
    edit(artifact_dir, change)
    assert "rollout: Extra inputs are not permitted" in problems_of(artifact_dir)


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\x1b[31mred", "\u202eltr", "x" * 257])
def test_a_name_is_printable_and_short(artifact_dir, name):
    edit(artifact_dir, lambda manifest: manifest["candidates"][0].update(name=name))
    assert "candidates.0.name" in problems_of(artifact_dir)


@pytest.mark.parametrize("version", ["", "abc", "9" * 6000, "1." * 30, "1.2.3\n", "-1"])
def test_a_version_is_one(artifact_dir, version):
    edit(artifact_dir, lambda manifest: manifest.update(min_service_version=version))
    assert "min_service_version: String should" in problems_of(artifact_dir)


@pytest.mark.parametrize("version", ["0", "0.1", "0.0.9rc1", "0.0.9.dev3", "0.0.9-beta.12"])
def test_an_older_version_may_be_asked_for(artifact_dir, version):
    edit(artifact_dir, lambda manifest: manifest.update(min_service_version=version))
    assert validate(artifact_dir, ENCODER) == []


def test_what_a_field_is_called_cannot_write_to_the_terminal(artifact_dir):
    edit(artifact_dir, lambda manifest: manifest.update({"\x1b[2Jgone": 1}))
    assert problems_of(artifact_dir).isprintable()


def test_a_manifest_is_a_file_of_some_size(artifact_dir):
    path = artifact_dir / "manifest.json"
    path.write_bytes(b" " * (4 * 1024**2 + 1))
    assert "larger than 4 MiB" in problems_of(artifact_dir)
    path.unlink()
    os.mkfifo(path)
    assert "not a regular file" in problems_of(artifact_dir)


def test_verifying_opens_no_graph_but_reads_every_file(artifact_dir):
    replace_file(artifact_dir, "cost.onnx", b"not a graph")
    assert verify(artifact_dir) == read_manifest(artifact_dir)
    (artifact_dir / "cost.onnx").write_bytes(b"not a grapf")
    with pytest.raises(ArtifactInvalid, match="sha256 differs"):
        verify(artifact_dir)


def test_the_canonical_manifest_depends_on_content_alone(artifact_dir):
    before = read_manifest(artifact_dir).canonical()
    edit(artifact_dir, lambda manifest: manifest.update(reversed(list(manifest.items()))))
    assert read_manifest(artifact_dir).canonical() == before
    assert b" " not in before[:40]
