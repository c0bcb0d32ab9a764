"""Write an artifact directory in one step: files beside their manifest, then a rename. No timestamp goes into any
hashed file, so that the same content has the same artifact_id."""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from routeiq.routing.artifact.manifest import MANIFEST_FILE, FileEntry, Manifest
from routeiq.routing.training.errors import TrainingFailed


def file_entries(files: Mapping[str, bytes]) -> tuple[FileEntry, ...]:
    """Path, hash and size of every file, sorted by path."""
    return tuple(
        FileEntry(path=path, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
        for path, content in sorted(files.items())
    )


def check_target(out: Path) -> None:
    """Make the parent folder, before minutes of work are spent.

    Raises: TrainingFailed: `out` cannot be written, is a file, or holds something else than an artifact."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingFailed(f"{out} cannot be made: {error.strerror}") from error
    if not out.exists():
        return
    if not out.is_dir():
        raise TrainingFailed(f"{out} is a file; name a folder for the artifact")
    if any(out.iterdir()) and not (out / MANIFEST_FILE).is_file():
        raise TrainingFailed(f"{out} holds other files than an artifact; name an empty or a new folder")


def pack(out: Path, files: Mapping[str, bytes], manifest: Manifest, pictures: Mapping[str, bytes]) -> None:
    """Put the artifact at `out`, in place of an older one.

    Args: files: what the manifest lists.  pictures: for the reader only, neither listed nor hashed."""
    check_target(out)
    folder = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    draft, old = folder / "new", folder / "old"
    draft.mkdir()
    try:
        for path, content in {**files, **pictures}.items():
            (draft / path).write_bytes(content)
        text = manifest.model_dump_json(indent=1)
        (draft / MANIFEST_FILE).write_text(text + "\n", "utf-8")
        if out.exists():
            out.rename(old)
        draft.rename(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
