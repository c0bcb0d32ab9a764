"""Whose journal it is: a folder for each process, named by the journal's id and locked as long as the process lives.

A folder that nobody locks is a dead process's, and belongs to who locks it next. The kernel lets a lock go with its
process, also by kill -9."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

from routeiq.kit.errors import ConfigurationError

_LOCK, _NEW = "lock", ".new-"


class Folder:
    """One that this process has locked. `id`: of its journal."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path, self.id = path, path.name
        self._lock = lock

    @property
    def slots(self) -> Path:
        return self.path / "slots"

    def release(self) -> None:
        """Whoever comes next may have it."""
        os.close(self._lock)

    def remove(self) -> None:
        """Nobody needs it any more."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()


def create(base: Path) -> Folder:
    """A new one. It gets its name when it is locked, so that nobody takes it for a dead process's.

    Raises: ConfigurationError: this cannot be written to."""
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        while (folder := _created(base)) is None:
            """Who looks for dead processes' took it for one of those."""
    except OSError as error:
        raise ConfigurationError([f"Cannot keep a usage journal in {base}: {error.strerror}"]) from None
    return folder


def _created(base: Path) -> Folder | None:
    """None: another process was faster to lock it."""
    name = str(uuid4())
    draft = base / f"{_NEW}{name}"
    draft.mkdir(mode=0o700)
    lock = _locked(draft)
    if lock is None:
        return None
    draft.rename(base / name)
    return Folder(base / name, lock)


def adopt(base: Path) -> Iterator[Folder]:
    """Those of dead processes. Raises: OSError."""
    for path in sorted(base.iterdir()):
        if path.name.startswith(_NEW):
            lock = _locked(path)
            if lock is not None:
                Folder(path, lock).remove()
        elif _is_id(path.name):
            lock = _locked(path)
            if lock is not None:
                yield Folder(path, lock)


def _locked(path: Path) -> int | None:
    """None: another process has it, or has just removed it."""
    try:
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), (path / _LOCK).stat()):
            return lock
    except OSError:
        pass
    os.close(lock)
    return None


def _is_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
