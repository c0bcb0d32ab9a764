"""Rows of sums into days of daily activity, and these into JSON. It takes a while for many: do it in a thread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

import msgspec

from routeiq.control.store.usage_holders import KeyName
from routeiq.control.store.usage_sums import Sum
from routeiq.control.usage.activity_shapes import ALL_NAMED, Limited, key_metadata, metadata, metrics, plus

NOTHING = Sum()
UNASSIGNED, UNKNOWN = "Unassigned", "unknown"
"""LiteLLM's names for what has none."""
_NAMELESS = {"models": "", "providers": UNKNOWN, "endpoints": "", "entities": UNASSIGNED}
"""By kind of part; '': it is left out."""


class Piece(NamedTuple):
    """What one key did on one day in one way."""

    day: date
    entity: str
    key_hash: str
    model: str
    provider: str
    endpoint: str
    sums: Sum


class Part(NamedTuple):
    """What one model, key, ... comes to on one day. `kind`: one of a `Breakdown`'s."""

    day: date
    kind: str
    name: str
    sums: Sum


class Names(NamedTuple):
    """What is said of keys and entities besides."""

    keys: Mapping[str, KeyName]
    entities: Mapping[str, dict[str, Any]]


class _Sums:
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
        self.all = _Sums()
        self.parts: dict[str, dict[str, _Sums]] = {kind: defaultdict(_Sums) for kind in _NAMELESS}

    def add(self, piece: Piece) -> None:
        self.all.add(piece.key_hash, piece.sums)
        for kind, given in (
            ("models", piece.model), ("providers", piece.provider), ("endpoints", piece.endpoint),
            ("entities", piece.entity),
        ):  # fmt: skip
            if name := given or _NAMELESS[kind]:
                self.parts[kind][name].add(piece.key_hash, piece.sums)

    def put(self, part: Part) -> None:
        """Each comes once."""
        if part.kind == "all":
            self.all.sums = part.sums
        elif part.kind == "api_keys":
            self.all.by_key[part.name] = part.sums
        elif name := part.name or _NAMELESS[part.kind]:
            self.parts[part.kind][name].sums = part.sums


def folded(pieces: Iterable[Piece], names: Names, page: int, total_pages: int) -> bytes:
    """An `ActivityPage`."""
    days: dict[date, _Day] = defaultdict(_Day)
    for piece in pieces:
        days[piece.day].add(piece)
    return _page(days, names, page, total_pages, ALL_NAMED)


def folded_parts(parts: Iterable[Part], names: Names, page: int, total_pages: int, limited: Limited) -> bytes:
    """The same, without what each key did by model, provider and so on."""
    days: dict[date, _Day] = defaultdict(_Day)
    for part in parts:
        days[part.day].put(part)
    return _page(days, names, page, total_pages, limited)


def _page(days: Mapping[date, _Day], names: Names, page: int, total_pages: int, limited: Limited) -> bytes:
    whole = NOTHING
    for day in days.values():
        whole = plus(whole, day.all.sums)
    results = [_day(day, days[day], names) for day in sorted(days, reverse=True)]
    return msgspec.json.encode({"results": results, "metadata": metadata(whole, page, total_pages, limited)})


def _day(day: date, found: _Day, names: Names) -> dict[str, Any]:
    shown = {kind: {name: _part(part, names) for name, part in parts.items()} for kind, parts in found.parts.items()}
    for name, one in shown["entities"].items():
        one["metadata"] = names.entities.get(name, {})
    breakdown = {**shown, "model_groups": shown["models"], "mcp_servers": {}, "api_keys": _keys(found.all, names)}
    return {"date": day.isoformat(), "metrics": metrics(found.all.sums), "breakdown": breakdown}


def _part(part: _Sums, names: Names) -> dict[str, Any]:
    return {"metrics": metrics(part.sums), "metadata": {}, "api_key_breakdown": _keys(part, names)}


def _keys(part: _Sums, names: Names) -> dict[str, Any]:
    return {
        key_hash: {"metrics": metrics(sums), "metadata": key_metadata(names.keys.get(key_hash))}
        for key_hash, sums in part.by_key.items()
    }
