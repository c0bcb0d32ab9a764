"""Artifact folders that need no training: whole and consistent, though routing would know no such strategy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILES = {"golden.json": b"[]", "heads/knn.onnx": b"k" * 1000, "card.md": b"# A card\n"}


def sealed(said: Mapping[str, Any]) -> bytes:
    """A manifest that says this, in canonical form, with its id."""
    named = {name: value for name, value in said.items() if name != "artifact_id"}
    return _canonical(named | {"artifact_id": hashlib.sha256(_canonical(named)).hexdigest()})


def _canonical(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def entry(path: str, content: bytes) -> dict[str, Any]:
    return {"path": path, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def manifest_of(files: Mapping[str, bytes], **more: Any) -> bytes:
    return sealed({"strategy": "static", "files": [entry(*one) for one in files.items()], **more})


def write_folder(directory: Path, files: Mapping[str, bytes] = FILES, **more: Any) -> Path:
    """Returns: `directory`."""
    for path, content in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(content)
    (directory / "manifest.json").write_bytes(manifest_of(files, **more))
    return directory
