"""Files that only their owner may read. One appears whole or not at all; `create` never replaces another.

What is read back is checked on the open file, not by its name: it fails closed when others could have read it.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

MAX_BYTES = 16 * 1024


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

    Raises: FileNotFoundError; PermissionError: not a regular file of our own that only we can read; OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        _check(os.fstat(stream.fileno()))
        return stream.read(max_bytes)


def _check(status: os.stat_result) -> None:
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode):
        raise PermissionError("it is not a regular file")
    if status.st_uid != os.geteuid():
        raise PermissionError("it belongs to another user")
    if mode & 0o077:
        raise PermissionError(f"mode {mode:03o} lets others read it; run chmod 600")


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
