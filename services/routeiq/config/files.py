"""Read a file of the operator's as text: regular files alone, bounded in size."""

from __future__ import annotations

import os
from pathlib import Path

from routeiq.kit.errors import ConfigurationError
from routeiq.kit.regular_files import open_regular

MAX_BYTES = 4 * 1024 * 1024
"""A thousand models take some 150 KiB and 0.6 s."""


def read_text(path: Path) -> str:
    """Raises: ConfigurationError: why it cannot be read, behind its name."""
    try:
        with open_regular(path) as stream:
            if os.fstat(stream.fileno()).st_size > MAX_BYTES:
                raise ConfigurationError([f"{path}: is larger than {MAX_BYTES // 1024**2} MiB"])
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot be read: {error.strerror or error}"]) from None
    return text_of(content, str(path))


def text_of(content: bytes, name: str) -> str:
    """The text of a file that was read. Raises: ConfigurationError: too large, or not UTF-8; `name` is before it."""
    if len(content) > MAX_BYTES:
        raise ConfigurationError([f"{name}: is larger than {MAX_BYTES // 1024**2} MiB"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError([f"{name}:{line}: is not UTF-8 text"]) from None
