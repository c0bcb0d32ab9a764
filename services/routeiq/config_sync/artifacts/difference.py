"""How two artifacts differ: fields of their manifests by path, and files by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from routeiq.clients.artifact_parts import Parts

MOST_CHANGES = 500
_MISSING = object()
Said = Any  # a value of JSON


class Change(BaseModel):
    """A field, `candidates[small].mean_cost`: what it is in the one and in the other. None: it is not there."""

    path: str
    a: Said
    b: Said


class Difference(BaseModel):
    """`truncated`: there are more changes than are listed."""

    a: str
    b: str
    same: bool
    changes: list[Change]
    truncated: bool
    files_added: list[str]
    files_removed: list[str]
    files_changed: list[str]


def difference(a: Parts, b: Parts) -> Difference:
    """From `a` to `b`."""
    changes = list(_changes("", _fields(a), _fields(b)))
    return Difference(
        a=a.artifact_id,
        b=b.artifact_id,
        same=a.artifact_id == b.artifact_id,
        changes=changes[:MOST_CHANGES],
        truncated=len(changes) > MOST_CHANGES,
        files_added=sorted(b.files.keys() - a.files.keys()),
        files_removed=sorted(a.files.keys() - b.files.keys()),
        files_changed=sorted(path for path in a.files.keys() & b.files.keys() if a.files[path] != b.files[path]),
    )


def _fields(parts: Parts) -> dict[str, Said]:
    """Without what differs anyway, and what the lists of files say better."""
    return {name: value for name, value in parts.said.items() if name not in ("artifact_id", "files")}


def _changes(path: str, a: Said, b: Said) -> Iterator[Change]:
    left, right = _members(a), _members(b)
    if left is None or right is None:
        if a is _MISSING or b is _MISSING or a != b:
            yield Change(path=path, a=None if a is _MISSING else a, b=None if b is _MISSING else b)
        return
    for name in [*left, *(name for name in right if name not in left)]:
        yield from _changes(
            path + name if path else name.lstrip("."), left.get(name, _MISSING), right.get(name, _MISSING)
        )


def _members(value: Said) -> Mapping[str, Said] | None:
    """Of an object by their names; of a list of named objects by those. None: it is compared as a whole."""
    if isinstance(value, dict):
        return {f".{name}": one for name, one in value.items()}
    named = isinstance(value, list) and value and all(isinstance(one, dict) and "name" in one for one in value)
    return {f"[{one['name']}]": one for one in value} if named else None
