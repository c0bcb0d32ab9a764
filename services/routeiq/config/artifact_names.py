"""How a document names a router artifact: a directory, the artifact's id, or the URL of an archive of it."""

from __future__ import annotations

import re

_ID = re.compile(r"[0-9a-f]{64}")
_URL = re.compile(r"(s3|gs)://([a-z0-9][a-z0-9._-]+)/([^?#\s]*[^?#/\s])")


def accept(name: str) -> str:
    """Raises: ValueError: a URL of something else."""
    if "://" in name and parts_of_url(name) is None:
        raise ValueError(
            "must be a directory, the id of an artifact (64 hex digits), or s3:// or gs:// with a bucket and a key"
        )
    return name


def is_directory(name: str) -> bool:
    """Whether it is neither an id nor a URL."""
    return "://" not in name and not is_artifact_id(name)


def is_artifact_id(text: str) -> bool:
    """64 hex digits in lower case."""
    return _ID.fullmatch(text) is not None


def parts_of_url(name: str) -> tuple[str, str, str] | None:
    """`s3` or `gs`, the bucket, and the key; None: it is no such URL."""
    found = _URL.fullmatch(name)
    return (found[1], found[2], found[3]) if found else None
