"""Rows of sums into days of daily activity, and these into JSON. It takes a while for many: do it in a thread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

import msgspec

from routeiq.control.store.usage_days import Dated
from routeiq.control.store.usage_holders import KeyName
from routeiq.control.store.usage_sums import Sum
from routeiq.control.usage.activity_shapes import ALL_NAMED, Limited, Measured, key_metadata, metadata, metrics, plus

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


Parts = tuple[str, Iterable[Dated]]
"""What each model, key, ... comes to on each day. The first says which: one of a `Breakdown`'s, or `all`."""


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
        self.sums = sums if self.sums is NOTHING else plus(self.sums, sums)
        known = self.by_key.get(key_hash)
        self.by_key[key_hash] = sums if known is None else plus(known, sums)


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

    def put(self, kind: str, given: str, sums: Sum) -> None:
        """Each comes once."""
        if kind == "all":
            self.all.sums = sums
        elif kind == "api_keys":
            self.all.by_key[given] = sums
        elif name := given or _NAMELESS[kind]:
            self.parts[kind][name].sums = sums


def folded(pieces: Iterable[Piece], names: Names, page: int, total_pages: int) -> bytes:
    """An `ActivityPage`."""
    days: dict[date, _Day] = defaultdict(_Day)
    for piece in pieces:
        days[piece.day].add(piece)
    return _page(days, names, page, total_pages, ALL_NAMED)


def folded_parts(parts: Iterable[Parts], names: Names, page: int, total_pages: int, limited: Limited) -> bytes:
    """The same, without what each key did by model, provider and so on."""
    days: dict[date, _Day] = defaultdict(_Day)
    for kind, rows in parts:
        for day, name, sums in rows:
            days[day].put(kind, name, sums)
    return _page(days, names, page, total_pages, limited)


def _page(days: Mapping[date, _Day], names: Names, page: int, total_pages: int, limited: Limited) -> bytes:
    whole = NOTHING
    for day in days.values():
        whole = plus(whole, day.all.sums)
    said = _Said(names)
    results = [_day(day, days[day], said) for day in sorted(days, reverse=True)]
    return msgspec.json.encode({"results": results, "metadata": metadata(whole, page, total_pages, limited)})


class _Said:
    """What is said of keys and entities, written once for all the places that it stands in."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._keys: dict[str, msgspec.Raw] = {}
        self.entities = {name: _raw(said) for name, said in names.entities.items()}

    def key(self, key_hash: str) -> msgspec.Raw:
        found = self._keys.get(key_hash)
        if found is None:
            found = self._keys[key_hash] = _raw(key_metadata(self._names.keys.get(key_hash)))
        return found


class _OfKey(msgspec.Struct):
    metrics: Measured
    metadata: msgspec.Raw


class _Part(msgspec.Struct):
    metrics: Measured
    metadata: msgspec.Raw
    api_key_breakdown: dict[str, _OfKey]


def _day(day: date, found: _Day, said: _Said) -> dict[str, Any]:
    shown: dict[str, Any] = {
        kind: {name: _part(part, said, _EMPTY) for name, part in found.parts[kind].items()}
        for kind in ("models", "providers", "endpoints")
    }
    models = shown["models"] = _raw(shown["models"])
    entities = {
        name: _part(part, said, said.entities.get(name, _EMPTY)) for name, part in found.parts["entities"].items()
    }
    others = {"model_groups": models, "mcp_servers": {}, "api_keys": _keys(found.all, said)}
    breakdown = {**shown, "entities": entities, **others}
    return {"date": day.isoformat(), "metrics": metrics(found.all.sums), "breakdown": breakdown}


def _part(part: _Sums, said: _Said, about: msgspec.Raw) -> _Part:
    return _Part(metrics(part.sums), about, _keys(part, said))


def _keys(part: _Sums, said: _Said) -> dict[str, _OfKey]:
    return {key_hash: _OfKey(metrics(sums), said.key(key_hash)) for key_hash, sums in part.by_key.items()}


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


_EMPTY = _raw({})
