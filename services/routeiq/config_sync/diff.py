"""What differs between two releases, without a secret in it."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from routeiq.config.bundle import Bundle
from routeiq.config.problems import Problems, dotted
from routeiq.config.scalars import JSONValue
from routeiq.config.yaml_tree import parse
from routeiq.config_sync.secrets_cut import cut, is_secret

MOST_CHANGES = 1000
Path = tuple[str | int, ...]


def differences(before: Bundle, after: Bundle) -> dict[str, Any]:
    """`{changes: [{file, path, change, before?, after?}], diff, truncated}`. Blocks. `diff` is a unified one of the
    documents as JSON; a secret that changed is a change whose values are cut out."""
    changes = [
        {"file": name, **change}
        for name in sorted(before.files.keys() | after.files.keys())
        for change in _changes(_content(before, name), _content(after, name), ())
    ]
    text = "".join(_unified(before, after))
    return {"changes": changes[:MOST_CHANGES], "diff": text, "truncated": len(changes) > MOST_CHANGES}


def _content(bundle: Bundle, name: str) -> JSONValue:
    """A file that is no YAML counts as one value, of which its hash is shown."""
    text = bundle.files.get(name)
    if text is None:
        return None
    content = parse(text, Problems(name))
    return content if isinstance(content, dict) else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _changes(before: JSONValue, after: JSONValue, at: Path) -> Iterator[dict[str, Any]]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            yield from _member(before, after, name, at)
    elif isinstance(before, list) and isinstance(after, list):
        for position in range(max(len(before), len(after))):
            yield from _changes(_item(before, position), _item(after, position), (*at, position))
    else:
        secret = any(is_secret(part) for part in at if isinstance(part, str))
        shown = {"before": cut(before, secret=secret), "after": cut(after, secret=secret)}
        yield {"path": str(cut(dotted(at))), "change": "changed", **shown}


def _member(before: dict[str, JSONValue], after: dict[str, JSONValue], name: str, at: Path) -> Iterator[dict[str, Any]]:
    if name in before and name in after:
        yield from _changes(before[name], after[name], (*at, name))
        return
    secret = any(is_secret(part) for part in (*at, name) if isinstance(part, str))
    path = str(cut(dotted((*at, name))))
    if name in after:
        yield {"path": path, "change": "added", "after": cut(after[name], secret=secret)}
    else:
        yield {"path": path, "change": "removed", "before": cut(before[name], secret=secret)}


def _item(values: list[JSONValue], position: int) -> JSONValue:
    return values[position] if position < len(values) else None


def _unified(before: Bundle, after: Bundle) -> Iterator[str]:
    for name in sorted(before.files.keys() | after.files.keys()):
        yield from difflib.unified_diff(_lines(before, name), _lines(after, name), f"a/{name}", f"b/{name}")


def _lines(bundle: Bundle, name: str) -> list[str]:
    content = cut(_content(bundle, name))
    if content is None:
        return []
    return f"{json.dumps(content, indent=2, ensure_ascii=False)}\n".splitlines(keepends=True)
