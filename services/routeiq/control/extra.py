"""LiteLLM's columns that nothing here reads: kept, given back, and cleared by null."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel


def kept_extra(before: Mapping[str, Any] | None, body: BaseModel, names: Collection[str]) -> dict[str, Any]:
    """What the row has of them from now on."""
    sent = body.model_dump(mode="json", include=set(names), exclude_unset=True)
    return {name: value for name, value in {**(before or {}), **sent}.items() if value is not None}
