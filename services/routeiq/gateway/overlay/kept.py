"""The last good overlay on local disk, for a start while control is away. Secrets in it are sealed, as they came.

The file is its owner's alone, and is written whole or not at all. What cannot be read, or is not what was written, is
as good as no file: it is said, and control is asked.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from google.protobuf.message import DecodeError

from routeiq.kit import private_files

if TYPE_CHECKING:
    from routeiq.api.control.v1 import control_pb2 as pb

log = structlog.get_logger()

NAME = "overlay.bin"
MAX_BYTES = 64 * 1024 * 1024
_MAGIC = b"routeiq-overlay-1 "


class KeptOverlay:
    """In a folder of this gateway's own. Blocks on files."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def read(self) -> pb.Overlay | None:
        """None: there is none that could be used."""
        try:
            return _parsed(private_files.read(self._path, MAX_BYTES))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, DecodeError) as error:
            log.warning("overlay.kept_unusable", path=str(self._path), error=str(error))
            return None

    def write(self, overlay: pb.Overlay) -> None:
        """In place of the one before. A disk that refuses costs the next start without control, nothing now."""
        content = overlay.SerializeToString()
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            private_files.replace(self._path, _head(content) + content)
        except OSError as error:
            log.warning("overlay.not_kept", path=str(self._path), error=error.strerror)


def _head(content: bytes) -> bytes:
    return _MAGIC + hashlib.sha256(content).hexdigest().encode() + b"\n"


def _parsed(raw: bytes) -> pb.Overlay:
    head, _, content = raw.partition(b"\n")
    if head + b"\n" != _head(content):
        raise ValueError("it is not as it was written")
    from routeiq.api.control.v1 import control_pb2 as pb  # noqa: PLC0415  # for who follows control

    return pb.Overlay.FromString(content)
