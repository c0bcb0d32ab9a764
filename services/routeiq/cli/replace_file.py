"""Write what others read, whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from routeiq.kit.errors import ConfigurationError


def replace_file(path: Path, content: bytes) -> None:
    """In one step: a reader sees the former content or this one. Raises: ConfigurationError: it cannot be written."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot be written: {error.strerror}"]) from None
    finally:
        draft.unlink(missing_ok=True)
