"""A router artifact as it travels: its manifest, its signature, its files, checked against each other.

What is checked here needs no model of the manifest: that it is in canonical form, that its id is the hash of all it
says, and that the files are those that it names. What it means, and whether it loads, only routing can tell.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from routeiq.clients.artifact_limits import MAX_BYTES, MAX_FILES, MAX_MANIFEST_BYTES
from routeiq.config.artifact_names import is_artifact_id
from routeiq.kit.errors import InvalidRequest
from routeiq.kit.regular_files import open_regular
from routeiq.kit.signatures import MAX_BYTES as MAX_SIGNATURE_BYTES

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
MAX_PROBLEMS = 20

Content = bytes | memoryview


class PartsInvalid(InvalidRequest):
    """It is not a whole artifact. `problems` lists what was found."""

    code = "artifact_invalid"

    def __init__(self, problems: list[str]) -> None:
        super().__init__(f"The artifact is invalid: {'; '.join(problems[:MAX_PROBLEMS])}")
        self.problems = problems[:MAX_PROBLEMS]


@dataclass(frozen=True, slots=True)
class Parts:
    """One artifact. manifest: canonical bytes, which the signature covers.  said: what it says.
    signature: None if there is none; who made it is not verified.  files: by path below its folder."""

    artifact_id: str
    manifest: bytes
    said: Mapping[str, Any]  # JSON
    signature: bytes | None
    files: Mapping[str, Content]

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(map(len, self.files.values()))


def canonical(said: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8: what ids and signatures are made of."""
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def assemble(
    manifest: bytes, signature: bytes | None, contents: Callable[[Mapping[str, int]], dict[str, Content]]
) -> Parts:
    """Check everything. Args: contents: gives the files of these names and sizes. Raises: PartsInvalid."""
    said = _read_manifest(manifest)
    entries = _entries(said)
    files = contents({path: size for path, (_, size) in entries.items()})
    problems = [problem for path, (sha256, size) in entries.items() for problem in _differs(path, files, sha256, size)]
    problems += [f"{path} is not in the manifest" for path in files if path not in entries]
    if signature is not None and len(signature) > MAX_SIGNATURE_BYTES:
        problems.append(f"{SIGNATURE} is larger than {MAX_SIGNATURE_BYTES} bytes")
    if problems:
        raise PartsInvalid(problems)
    return Parts(said["artifact_id"], canonical(said), said, signature, files)


def read_folder(directory: Path) -> Parts:
    """Of an artifact's folder; what the manifest does not name stays out. Blocks. Raises: PartsInvalid."""
    root = directory.resolve()
    signed = (root / SIGNATURE).exists()
    signature = _read(root, SIGNATURE, MAX_SIGNATURE_BYTES) if signed else None

    def contents(sizes: Mapping[str, int]) -> dict[str, Content]:
        return {path: _read(root, path, size) for path, size in sizes.items()}

    return assemble(_read(root, MANIFEST, MAX_MANIFEST_BYTES), signature, contents)


def _read(root: Path, name: str, most: int) -> bytes:
    """One byte more than `most` says that there are more."""
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise PartsInvalid([f"{name} leads out of the artifact"])
    try:
        with open_regular(path) as stream:
            return stream.read(most + 1)
    except OSError as error:
        raise PartsInvalid([f"{name} cannot be read: {error.strerror}"]) from None


def _read_manifest(manifest: bytes) -> dict[str, Any]:
    """Raises: PartsInvalid: not an object that is named by its content."""
    if len(manifest) > MAX_MANIFEST_BYTES:
        raise PartsInvalid([f"{MANIFEST} is larger than {MAX_MANIFEST_BYTES // 1024**2} MiB"])
    try:
        said = json.loads(manifest)
        named = {name: value for name, value in said.items() if name != "artifact_id"}
        found = hashlib.sha256(canonical(named)).hexdigest()
    except (ValueError, AttributeError, RecursionError):
        raise PartsInvalid([f"{MANIFEST} is not a JSON object"]) from None
    if said.get("artifact_id") != found:
        raise PartsInvalid([f"{MANIFEST}: artifact_id is not the hash of the manifest's content"])
    return dict(said)


def _entries(said: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """Hash and size by path. Raises: PartsInvalid: a field is missing, a path could leave the folder, too much."""
    listed = said.get("files")
    if not isinstance(listed, list) or not all(map(_is_entry, listed)):
        raise PartsInvalid([f"{MANIFEST}: files is not a list of plain paths with their sha256 and bytes"])
    entries = {one["path"]: (one["sha256"], one["bytes"]) for one in listed}
    if len(entries) != len(listed) or len(listed) > MAX_FILES:
        raise PartsInvalid([f"{MANIFEST}: files must have distinct paths, at most {MAX_FILES}"])
    if (total := sum(one["bytes"] for one in listed)) > MAX_BYTES:
        raise PartsInvalid([f"its files have {total} bytes, over the limit of {MAX_BYTES}"])
    return entries


def _is_entry(one: object) -> bool:
    if not isinstance(one, dict):
        return False
    path, sha256, size = one.get("path"), one.get("sha256"), one.get("bytes")
    plain = isinstance(path, str) and is_plain_path(path) and path not in (MANIFEST, SIGNATURE)
    return plain and isinstance(sha256, str) and is_artifact_id(sha256) and type(size) is int and size >= 0


def is_plain_path(path: str) -> bool:
    """Relative, without `..`, `.`, backslashes or what cannot be printed."""
    parts = PurePosixPath(path).parts
    plain = bool(parts) and path == "/".join(parts) and ".." not in parts and path[0] != "/"
    return plain and "\\" not in path and path.isprintable()


def _differs(path: str, files: Mapping[str, Content], sha256: str, size: int) -> list[str]:
    if path not in files:
        return [f"{path} is missing"]
    if len(files[path]) != size:
        return [f"{path} does not have the {size} bytes that the manifest says"]
    if hashlib.sha256(files[path]).hexdigest() != sha256:
        return [f"{path} is not the file that the manifest names: its sha256 differs"]
    return []
