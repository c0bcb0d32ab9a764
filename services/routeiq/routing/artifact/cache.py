"""Artifacts that were fetched, in a folder of this process: each in a folder of its own, named by its id.

One appears whole or not at all: it is written beside and renamed, so that a process that is killed at any moment leaves
nothing that is taken for an artifact. Whoever opens one verifies it again. `WANTED` names the one to begin with.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

from routeiq.clients.artifact_parts import MANIFEST, SIGNATURE, Parts, PartsInvalid
from routeiq.config.artifact_names import is_artifact_id
from routeiq.kit.errors import ConfigurationError

WANTED = "wanted"
_DRAFT = ".draft-"


class ArtifactCache:
    """Everything here blocks on files. `close` it.

    Args: directory: made if it is not there; of one process at a time, as another would clear away what this one keeps.
    Raises: ConfigurationError: it cannot be written, or another process has it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.absolute()
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _lock(self._directory / "lock")
        except BlockingIOError:
            raise ConfigurationError([f"the folder of artifacts {directory} is in use by another process"]) from None
        except OSError as error:
            raise ConfigurationError(
                [f"the folder of artifacts {directory} cannot be used: {error.strerror}"]
            ) from None
        for draft in self._directory.glob(f"{_DRAFT}*"):
            _remove(draft)

    def path(self, artifact_id: str) -> Path | None:
        """Where it is; None: it is not here."""
        path = self._directory / artifact_id
        return path if is_artifact_id(artifact_id) and path.is_dir() else None

    def put(self, parts: Parts) -> Path:
        """Keep it, in place of what is here under its id. Returns: where. Raises: OSError; PartsInvalid: a name of one
        of its files is also a folder's."""
        path = self._directory / parts.artifact_id
        draft = self.write(parts)
        try:
            self.discard(parts.artifact_id)
            draft.rename(path)
            _sync(self._directory)
        finally:
            _remove(draft)
        return path

    def write(self, parts: Parts) -> Path:
        """In a folder of its own, whatever is kept under its id; nothing finds it there. `remove` it.

        Raises: as `put`."""
        draft = self._directory / f"{_DRAFT}{secrets.token_hex(8)}"
        try:
            _write(parts, draft)
        except BaseException:
            _remove(draft)
            raise
        return draft

    def remove(self, draft: Path) -> None:
        """What `write` gave."""
        _remove(draft)

    def discard(self, artifact_id: str) -> None:
        """In one step first, so that no half of it is found."""
        if (path := self.path(artifact_id)) is not None:
            draft = self._directory / f"{_DRAFT}{secrets.token_hex(8)}"
            path.rename(draft)
            _remove(draft)

    def keep_only(self, artifact_ids: Collection[str]) -> None:
        """Clear the others away."""
        for path in self._directory.iterdir():
            if is_artifact_id(path.name) and path.name not in artifact_ids:
                self.discard(path.name)

    def wanted(self) -> str:
        """What was remembered last; empty: nothing was."""
        try:
            found = (self._directory / WANTED).read_text("ascii").strip()
        except (OSError, ValueError):
            return ""
        return found if is_artifact_id(found) else ""

    def remember(self, artifact_id: str) -> None:
        """What to begin with at the next start; empty: the service's own. Raises: OSError."""
        draft = self._directory / f"{_DRAFT}{secrets.token_hex(8)}"
        try:
            with draft.open("wb") as stream:
                _put(stream, artifact_id.encode())
            draft.replace(self._directory / WANTED)
            _sync(self._directory)
        finally:
            _remove(draft)

    def close(self) -> None:
        """Another process may have it. Idempotent."""
        self._lock.close()


def _lock(path: Path) -> BinaryIO:
    """Raises: BlockingIOError: another open file has it."""
    stream = path.open("ab")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        stream.close()
        raise
    return stream


def _write(parts: Parts, draft: Path) -> None:
    signed = {} if parts.signature is None else {SIGNATURE: parts.signature}
    contents = {**parts.files, MANIFEST: parts.manifest, **signed}
    for name, content in contents.items():
        path = draft / name
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            stream = path.open("xb")
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise PartsInvalid([f"{name} is the name of a file and of a folder"]) from None
        with stream:
            _put(stream, content)
    for folder in {draft, *((draft / name).parent for name in parts.files)}:
        _sync(folder)


def _put(stream: BinaryIO, content: bytes | memoryview) -> None:
    stream.write(content)
    stream.flush()
    os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    """Make names last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
