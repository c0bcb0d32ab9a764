"""How large a router artifact may be, wherever it passes."""

from __future__ import annotations

MAX_MANIFEST_BYTES = 4 * 1024 * 1024
MAX_FILES = 1000
MAX_BYTES = 256 * 1024 * 1024
"""Of all files together."""
MAX_TAR_BYTES = MAX_BYTES + MAX_MANIFEST_BYTES + 3 * 512 * MAX_FILES
"""Each file with its header and its padding."""
