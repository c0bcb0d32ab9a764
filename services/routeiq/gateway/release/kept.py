"""The last document that this gateway served for the fleet, on local disk, for a start while NATS is away. References
to the environment stay references."""

from __future__ import annotations

from pathlib import Path

from routeiq.config.bundle import Bundle, unpack
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.kept_file import KeptFile

NAME = "document.bin"

KeptDocument = KeptFile[Bundle]


def kept_document(folder: Path) -> KeptDocument:
    """In a folder of this gateway's own."""
    return KeptFile(folder / NAME, "routeiq-document-1", Bundle.pack, unpack, ConfigurationError)
