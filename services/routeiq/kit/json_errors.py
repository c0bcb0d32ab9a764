"""What decoding JSON of strangers may raise."""

from __future__ import annotations

import msgspec

UNREADABLE = (msgspec.DecodeError, RecursionError, ValueError)
"""Not JSON or of another shape; nested too deeply; text that is not UTF-8, or a number of thousands of digits."""
