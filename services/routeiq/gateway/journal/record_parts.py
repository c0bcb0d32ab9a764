"""Where the parts of a record are, without reading all of it: most records of a batch have the same caller, model and
reason, and those parts need only be compared, as they are encoded.

Of MessagePack (msgpack.org/spec) it knows what `records.encode` writes."""

from __future__ import annotations

from typing import Final

from routeiq.gateway.journal.records import NotARecord

_BEGINS: Final = b"\x93\xdc\x00\x16"
"""A record is an array of 3, its head one of 22."""
_BEFORE_ESTIMATE: Final = 3
"""Endpoint, requested model, stream."""
_BEFORE_DECISION: Final = 8
"""From the state's version to the tags."""
_BEFORE_CONFIDENCE: Final = 2
"""Strategy, reason."""
_AFTER_CONFIDENCE: Final = 4
"""The rest of the head, and who was called."""


class Alike:
    """All that records of one caller, model and reason have in common, as it is encoded, in four pieces."""

    __slots__ = ("asked", "called", "parties", "reason")

    def __init__(self, asked: bytes, parties: bytes, reason: bytes, called: bytes) -> None:
        self.asked, self.parties, self.reason, self.called = asked, parties, reason, called

    @property
    def whole(self) -> bytes:
        return self.asked + self.parties + self.reason + self.called


class Parts:
    """Of one record. `confidence` and `tail`: as they are encoded."""

    __slots__ = ("alike", "confidence", "decision_id", "id", "request_id", "started_at", "tail")

    def __init__(self, data: bytes, before: Alike | None = None) -> None:
        """Args: before: of the record before; one that has the same need not be read, and gets the same object.
        Raises: NotARecord."""
        if data[: len(_BEGINS)] != _BEGINS:
            raise NotARecord
        if before is None or not self._follow(data, before):
            self._read(data)

    def _follow(self, data: bytes, alike: Alike) -> bool:
        """Whether it has these pieces. No value is the beginning of another, so that a piece ends where it does."""
        request_id = after(data, len(_BEGINS))
        started_at = after(data, request_id)
        asked = after(data, started_at)
        estimate = asked + len(alike.asked)
        if data[asked:estimate] != alike.asked:
            return False
        parties = after(data, estimate)
        decision = parties + len(alike.parties)
        if data[parties:decision] != alike.parties:
            return False
        reason = after(data, decision)
        confidence = reason + len(alike.reason)
        if data[reason:confidence] != alike.reason:
            return False
        rest = after(data, confidence)
        tail = rest + len(alike.called)
        if data[rest:tail] != alike.called:
            return False
        self.alike = alike
        self._take(data, request_id, started_at, decision, confidence, rest, tail)
        return True

    def _read(self, data: bytes) -> None:
        request_id = after(data, len(_BEGINS))
        started_at = after(data, request_id)
        asked = after(data, started_at)
        estimate = _after(data, asked, _BEFORE_ESTIMATE)
        parties = after(data, estimate)
        decision = _after(data, parties, _BEFORE_DECISION)
        reason = after(data, decision)
        confidence = _after(data, reason, _BEFORE_CONFIDENCE)
        rest = after(data, confidence)
        tail = _after(data, rest, _AFTER_CONFIDENCE)
        self.alike = Alike(data[asked:estimate], data[parties:decision], data[reason:confidence], data[rest:tail])
        self._take(data, request_id, started_at, decision, confidence, rest, tail)

    def _take(
        self, data: bytes, request_id: int, started_at: int, decision: int, confidence: int, rest: int, tail: int
    ) -> None:
        self.id, self.request_id = text(data, len(_BEGINS)), text(data, request_id)
        self.started_at, self.decision_id = number(data, started_at), text(data, decision)
        self.confidence, self.tail = data[confidence:rest], data[tail:]


def after(data: bytes, at: int) -> int:
    """Where the value ends that begins there. Raises: NotARecord."""
    most = len(data)
    if at >= most:
        raise NotARecord
    kind = data[at]
    if kind == 0xD9 and at + 1 < most:
        return at + 2 + data[at + 1]
    if kind <= 0x7F or kind >= 0xE0 or kind == 0xC0 or kind == 0xC2 or kind == 0xC3:
        return at + 1
    if 0xA0 <= kind <= 0xBF:
        return at + 1 + (kind & 0x1F)
    if kind == 0xCF or kind == 0xCB or kind == 0xD3:
        return at + 9
    if 0x90 <= kind <= 0x9F:
        return _after(data, at + 1, kind & 0x0F)
    wide = _WIDTHS.get(kind)
    if wide is None:
        raise NotARecord
    if kind in _NUMBERS:
        return at + 1 + wide
    length = int.from_bytes(data[at + 1 : at + 1 + wide], "big")
    if kind == 0xDC or kind == 0xDD:
        return _after(data, at + 1 + wide, length)
    return at + 1 + wide + length


_WIDTHS: Final = {
    0xCC: 1, 0xCD: 2, 0xCE: 4, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4, 0xC4: 1, 0xC5: 2, 0xC6: 4,
    0xDC: 2, 0xDD: 4,
}  # fmt: skip
"""Numbers, and the lengths of texts, bytes and arrays."""
_NUMBERS: Final = frozenset({0xCC, 0xCD, 0xCE, 0xD0, 0xD1, 0xD2})


def text(data: bytes, at: int) -> bytes:
    """The one that begins there. Raises: NotARecord: none does."""
    kind = data[at]
    if 0xA0 <= kind <= 0xBF:
        start = at + 1
    elif kind == 0xD9:
        start = at + 2
    elif kind == 0xDA or kind == 0xDB:
        start = at + 1 + _WIDTHS[kind]
    else:
        raise NotARecord
    return data[start : after(data, at)]


def number(data: bytes, at: int) -> int:
    """A whole one, not below 0. Raises: NotARecord: there is none."""
    kind = data[at]
    if kind <= 0x7F:
        return kind
    if 0xCC <= kind <= 0xCF:
        return whole(data, at, after(data, at))
    raise NotARecord


def whole(data: bytes, at: int, end: int) -> int:
    """The number of more than a byte that begins and ends there. Raises: NotARecord: it is none, or has no end."""
    kind = data[at]
    if end > len(data):
        raise NotARecord
    if 0xCC <= kind <= 0xCF:
        found = 0
        for place in range(at + 1, end):
            found = found << 8 | data[place]
        return found
    if kind >= 0xE0:
        return kind - 256
    if 0xD0 <= kind <= 0xD3:
        return int.from_bytes(data[at + 1 : end], "big", signed=True)
    raise NotARecord


def _after(data: bytes, at: int, values: int) -> int:
    for _ in range(values):
        at = after(data, at)
    return at
