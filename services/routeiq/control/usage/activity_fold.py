"""Rows of sums into days of daily activity, and these into JSON. It takes a while for many: do it in a thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

import msgspec

from routeiq.control.store.usage_holders import KeyName
from routeiq.control.store.usage_sums import Sum
from routeiq.control.usage.activity_shapes import key_metadata, metadata, metrics, plus

NOTHING = Sum()
UNASSIGNED, UNKNOWN = "Unassigned", "unknown"
"""LiteLLM's names for what has none."""


class Piece(NamedTuple):
    """What one key did on one day in one way."""

    day: date
    entity: str
    key_hash: str
    model: str
    provider: str
    endpoint: str
    sums: Sum


class Names(NamedTuple):
    """What is said of keys and entities besides."""

    keys: Mapping[str, KeyName]
    entities: Mapping[str, dict[str, Any]]


class _Part:
    """What one model, or provider, ... comes to, and what by which key."""

    __slots__ = ("by_key", "sums")

    def __init__(self) -> None:
        self.sums = NOTHING
        self.by_key: dict[str, Sum] = {}

    def add(self, key_hash: str, sums: Sum) -> None:
        self.sums = plus(self.sums, sums)
        self.by_key[key_hash] = plus(self.by_key.get(key_hash, NOTHING), sums)


class _Day:
    __slots__ = ("all", "parts")

    def __init__(self) -> None:
        self.all = _Part()
        self.parts: dict[str, dict[str, _Part]] = {"models": {}, "providers": {}, "endpoints": {}, "entities": {}}

    def add(self, piece: Piece) -> None:
        self.all.add(piece.key_hash, piece.sums)
        for kind, name in (
            ("models", piece.model), ("providers", piece.provider or UNKNOWN), ("endpoints", piece.endpoint),
            ("entities", piece.entity or UNASSIGNED),
        ):  # fmt: skip
            if name:
                self.parts[kind].setdefault(name, _Part()).add(piece.key_hash, piece.sums)


def folded(pieces: Iterable[Piece], names: Names, page: int, total_pages: int) -> bytes:
    """An `ActivityPage`."""
    days: dict[date, _Day] = {}
    for piece in pieces:
        days.setdefault(piece.day, _Day()).add(piece)
    whole = NOTHING
    for day in days.values():
        whole = plus(whole, day.all.sums)
    results = [_day(day, days[day], names) for day in sorted(days, reverse=True)]
    return msgspec.json.encode({"results": results, "metadata": metadata(whole, page, total_pages)})


def _day(day: date, found: _Day, names: Names) -> dict[str, Any]:
    shown = {kind: {name: _part(part, names) for name, part in parts.items()} for kind, parts in found.parts.items()}
    for name, one in shown["entities"].items():
        one["metadata"] = names.entities.get(name, {})
    breakdown = {**shown, "model_groups": shown["models"], "mcp_servers": {}, "api_keys": _keys(found.all, names)}
    return {"date": day.isoformat(), "metrics": metrics(found.all.sums), "breakdown": breakdown}


def _part(part: _Part, names: Names) -> dict[str, Any]:
    return {"metrics": metrics(part.sums), "metadata": {}, "api_key_breakdown": _keys(part, names)}


def _keys(part: _Part, names: Names) -> dict[str, Any]:
    return {
        key_hash: {"metrics": metrics(sums), "metadata": key_metadata(names.keys.get(key_hash))}
        for key_hash, sums in part.by_key.items()
    }
