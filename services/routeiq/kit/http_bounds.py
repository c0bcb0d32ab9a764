"""How much a peer may send that is not body."""

from __future__ import annotations

from typing import Final

MAX_HEAD_BYTES: Final = 64 * 1024
"""Request line and headers, and whatever else is not body: chunk sizes and extensions, trailers."""
MAX_FRAMING_PER_BODY_BYTE: Final = 16
"""Beyond those. Chunks of one byte cost five."""
