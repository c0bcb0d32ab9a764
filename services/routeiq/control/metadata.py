"""LiteLLM's `metadata`: what a client keeps in it, and the fields that LiteLLM keeps in there too (litellm.md, 1.0).

Such a field may be sent beside `metadata` or inside it, and one rule holds for both. A new `metadata` takes the place
of the whole; a field by itself is put on top of what is there, and null leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel

METADATA = "metadata"


def read_inside(sent: object, backed: Collection[str]) -> object:
    """For a body's validator: fields that stand inside are checked as if they stood beside it."""
    if not isinstance(sent, Mapping) or not isinstance(sent.get(METADATA), Mapping):
        return sent
    inside = {name: sent[METADATA][name] for name in backed if name in sent[METADATA] and sent.get(name) is None}
    return {**sent, **inside}


def merged_metadata(
    before: Mapping[str, Any] | None, body: BaseModel, backed: Collection[str], kept: Collection[str] = ()
) -> dict[str, Any]:
    """What the row keeps from now on. Args: kept: names in it that are ours, which no client sets or takes away."""
    sent = body.model_dump(mode="json", include={*backed, METADATA}, exclude_unset=True)
    after = dict(sent[METADATA] or {}) if METADATA in sent else dict(before or {})
    ours = {name: before[name] for name in kept if before and name in before}
    theirs = {name: value for name, value in after.items() if name not in kept}
    return theirs | ours | {name: sent[name] for name in backed if sent.get(name) is not None}


def merge_patch(before: object, patch: object) -> object:
    """A JSON merge patch (RFC 7396): objects are merged, null takes away, all else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(before) if isinstance(before, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged
