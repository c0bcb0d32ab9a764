"""What a service last knew, on local disk, for a start while whoever knows it is away.

The file is its owner's alone, and is written whole or not at all. What cannot be read back, or is not what was written,
is as good as no file: the log says so, and whoever knows is asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from routeiq.kit import private_files

log = structlog.get_logger()

MAX_BYTES = 64 * 1024 * 1024

Kept = TypeVar("Kept")


class KeptFile(Generic[Kept]):
    """Blocks on files."""

    def __init__(
        self,
        path: Path,
        form: str,
        pack: Callable[[Kept], bytes],
        unpack: Callable[[bytes], Kept],
        unfit: type[Exception] = ValueError,
    ) -> None:
        """Args: form: a word, first in the file; it changes with what `pack` makes.  unfit: what `unpack` raises."""
        self._path, self._form = path, form.encode()
        self._pack, self._unpack, self._unfit = pack, unpack, unfit

    def read(self) -> Kept | None:
        """None: there is none that could be used."""
        try:
            return self._unpack(self._content())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, self._unfit) as error:
            log.warning("kept_file.unusable", path=str(self._path), error=str(error))
            return None

    def write(self, value: Kept) -> None:
        """In place of the one before. A disk that refuses costs the next start while nobody can be asked, nothing
        now."""
        content = self._pack(value)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            private_files.replace(self._path, self._head(content) + b"\n" + content)
        except OSError as error:
            log.warning("kept_file.not_written", path=str(self._path), error=error.strerror)

    def _content(self) -> bytes:
        head, _, content = private_files.read(self._path, MAX_BYTES).partition(b"\n")
        if head != self._head(content):
            raise ValueError("it is not as it was written")
        return content

    def _head(self, content: bytes) -> bytes:
        return self._form + b" " + hashlib.sha256(content).hexdigest().encode()
