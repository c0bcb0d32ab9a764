"""Files that only their owner may read. One appears whole or not at all; `create` never replaces another.

What is read back is checked on the open file, not by its name: it fails closed when others could have read it. It is
our own, or root's and for our group, which is how Kubernetes and others hand a secret to one user: who may write it is
above suspicion, and whom it was handed to was root's to say. PostgreSQL asks the same of its key (`ssl_key_file`).
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Set
from pathlib import Path

MAX_BYTES = 16 * 1024
ROOT = 0


def create(path: Path, content: bytes) -> None:
    """Write `path` with mode 600. Raises: FileExistsError: something stands there, be it a symbolic link; OSError."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_new(draft, content)
        os.link(draft, path, follow_symlinks=False)  # unlike a rename, it never replaces what stands there
    finally:
        draft.unlink(missing_ok=True)


def replace(path: Path, content: bytes) -> None:
    """The same in place of what stands there; a symbolic link is replaced itself, what it points to is left alone."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_new(draft, content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def read(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Its first `max_bytes`.

    Raises: FileNotFoundError; PermissionError: not a regular file that is for us alone; OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        problem = objection(os.fstat(stream.fileno()), os.geteuid(), {os.getegid(), *os.getgroups()})
        if problem:
            raise PermissionError(problem)
        return stream.read(max_bytes)


def objection(status: os.stat_result, user: int, groups: Set[int]) -> str | None:
    """Why somebody with that user and those groups must not take the file for a secret; None if it may be one."""
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode):
        return "it is not a regular file"
    if status.st_uid == user:
        return f"mode {mode:03o} lets others read it; run chmod 600" if mode & 0o077 else None
    if status.st_uid != ROOT or status.st_gid not in groups or not mode & 0o040:
        return "it belongs to another user"
    return f"mode {mode:03o} is too open; run chmod 440" if mode & 0o037 else None


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
