import json
import os

import pytest

from routeiq.routing.artifact import ArtifactInvalid, load_artifact, read_manifest, validate
from tests.support.artifacts import ENCODER, edit, problems_of


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


def test_the_canonical_manifest_depends_on_content_alone(artifact_dir):
    before = read_manifest(artifact_dir).canonical()
    edit(artifact_dir, lambda manifest: manifest.update(reversed(list(manifest.items()))))
    assert read_manifest(artifact_dir).canonical() == before
    assert b" " not in before[:40]
