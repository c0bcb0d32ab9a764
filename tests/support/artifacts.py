"""Damage an artifact on purpose: change what is written in it, and see what is said of it."""

import contextlib
import hashlib
import json

import pytest
from pydantic import ValidationError

from routeiq.routing.artifact import ArtifactInvalid, load_artifact
from routeiq.routing.artifact.manifest import Content, content_id
from tests.support.trained import WordEncoder

ENCODER = WordEncoder()


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
