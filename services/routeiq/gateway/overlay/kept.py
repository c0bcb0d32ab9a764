"""The last good overlay on local disk, for a start while control is away. Secrets in it are sealed, as they came."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from routeiq.kit.kept_file import KeptFile

if TYPE_CHECKING:
    from routeiq.api.control.v1 import control_pb2 as pb

NAME = "overlay.bin"


def kept_overlay(folder: Path) -> KeptFile[pb.Overlay]:
    """In a folder of this gateway's own."""
    return KeptFile(folder / NAME, "routeiq-overlay-1", _packed, _parsed, DecodeError)


def _packed(overlay: pb.Overlay) -> bytes:
    return overlay.SerializeToString()


def _parsed(content: bytes) -> pb.Overlay:
    from routeiq.api.control.v1 import control_pb2 as pb  # noqa: PLC0415  # for who follows control

    return pb.Overlay.FromString(content)
