"""Requests in flight: a slot for each in a mapped file, which outlives this process.

A slot is a KiB: seventeen words, then text. One whose text is longer goes on in others. Its first word is written last
and cleared first, and each word is written in one step: so whenever the process dies, a taken slot is whole. What a
power failure leaves half written its checksum tells."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from struct import Struct as Packed
from typing import Final
from zlib import crc32

import msgspec

from routeiq.gateway.journal.mapped import Allocate, Mapped, extended, opened
from routeiq.gateway.journal.records import Begun, Counts, Orphan, read_begun, read_called

SIZE: Final = 1024
SLOTS: Final = 256
"""So many are added at a time."""
_WORDS: Final = SIZE // 8
_TEXT: Final = 1
_NEXT: Final = 2
_CALLED: Final = 3
_CALLS: Final = 4
_BYTES: Final = 5
_EVENTS: Final = 6
_REPORTED: Final = 7
_COST: Final = 8
_COUNTS: Final = 9
"""Of the words of a slot, of which the first says that it is taken. TEXT: its length and checksum. NEXT, CALLED: of
another slot the number, counted from 1. COST: one more than it is; 0: it is not known."""
_HEAD: Final = 8 * 17
_ROOM: Final = SIZE - _HEAD
_LOW: Final = 2**32 - 1
_header: Final = Packed("=QQ").pack
_counts: Final = Packed("=7q").pack
_NOTHING: Final = bytes(_HEAD - 3 * 8)
NOT_REPORTED: Final = 0
PARTLY_REPORTED: Final = 1
REPORTED: Final = 2


class Slot:
    """One request's. None of it waits, and none of it fails."""

    __slots__ = (
        "_at", "_bytes", "_reported", "_slots", "_words", "bytes", "calls", "events", "numbers", "promised",
    )  # fmt: skip

    def __init__(self, slots: Slots, part: Mapped, at: int, numbers: list[int]) -> None:
        self._slots, self._words, self._bytes, self._at = slots, part.words, part.bytes, at
        self.numbers = numbers
        self.promised = 0
        """Bytes of a segment that are kept for its record."""
        self.calls = self.bytes = self.events = 0
        self._reported = False

    def call(self) -> None:
        """Whom `begin` named, or `call_other` after it, is called once more."""
        self.calls += 1
        self._words[self._at + _CALLS] = self.calls

    def call_other(self, called: bytes) -> None:
        """Another one is called. Without room it is billed as who was named before."""
        number = self._slots.note(self, called)
        if number:
            self._words[self._at + _CALLED] = number
        self.call()

    def uncall(self) -> None:
        """The last call was not made."""
        self.calls -= 1
        self._words[self._at + _CALLS] = self.calls

    def relay(self, sent: int, events: int) -> None:
        self.bytes += sent
        self.events += events
        words, at = self._words, self._at
        words[at + _BYTES] = self.bytes
        words[at + _EVENTS] = self.events

    def report(self, counts: tuple[int, ...], cost_nano_usd: int | None, *, final: bool) -> None:
        """Args: counts: in the order of `Counts`, none below 0."""
        words, at = self._words, self._at
        if self._reported:
            start = 8 * (at + _COUNTS)
            self._bytes[start : start + 56] = _counts(*counts)
            words[at + _COST] = 0 if cost_nano_usd is None else cost_nano_usd + 1
        else:  # all of it is nothing yet
            self._reported, place = True, at + _COUNTS
            for count in counts:
                if count:
                    words[place] = count
                place += 1
            if cost_nano_usd is not None:
                words[at + _COST] = cost_nano_usd + 1
        words[at + _REPORTED] = REPORTED if final else PARTLY_REPORTED

    def free(self) -> None:
        """Its record is in a segment."""
        self._words[self._at] = 0
        self._slots.take_back(self.numbers)


class Slots:
    """All of a process. It grows by itself, and never shrinks."""

    def __init__(self, path: Path, *, allocate: Allocate = os.posix_fallocate) -> None:
        """Raises: OSError."""
        self._path, self._allocate = path, allocate
        self._parts: list[Mapped] = []
        self._free: list[int] = []
        self._grow()

    @property
    def taken(self) -> int:
        return len(self._parts) * SLOTS - len(self._free)

    def take(self, text: bytes) -> Slot:
        """Raises: OSError: there is no room for more."""
        if not self._free:
            self._grow()
        number = self._free.pop()
        numbers, following = [number], 0
        if len(text) > _ROOM:
            text, following = text[:_ROOM], self._chain_rest(text[_ROOM:], numbers)
        part = self._write(number, text, following)
        at = number % SLOTS * _WORDS
        part.words[at] = 1
        return Slot(self, part, at, numbers)

    def note(self, slot: Slot, text: bytes) -> int:
        """Write something more of a request. Returns: where, counted from 1; 0: there is no room."""
        try:
            return self._chain(text, slot.numbers)
        except OSError:
            return 0

    def take_back(self, numbers: list[int]) -> None:
        self._free += numbers

    def close(self) -> None:
        for part in self._parts:
            part.close()
        self._parts = []

    def _chain_rest(self, text: bytes, numbers: list[int]) -> int:
        try:
            return self._chain(text, numbers)
        except BaseException:
            self._free += numbers
            raise

    def _chain(self, text: bytes, numbers: list[int]) -> int:
        """Slots that are not taken themselves, the last one first."""
        following = 0
        for start in reversed(range(0, len(text), _ROOM)):
            if not self._free:
                self._grow()
            number = self._free.pop()
            numbers.append(number)
            self._write(number, text[start : start + _ROOM], following)
            following = number + 1
        return following

    def _write(self, number: int, text: bytes, following: int) -> Mapped:
        part = self._parts[number // SLOTS]
        header = _header(len(text) | crc32(text) << 32, following)
        part.write(number % SLOTS * SIZE + 8, b"".join((header, _NOTHING, text)))
        return part

    def _grow(self) -> None:
        first = len(self._parts) * SLOTS
        self._parts.append(extended(self._path, SLOTS * SIZE, self._allocate))
        self._free += range(first + SLOTS - 1, first - 1, -1)


def read_orphans(path: Path) -> Iterator[Orphan]:
    """What a dead process had in flight. What cannot be read is left out. Raises: OSError."""
    mapped = opened(path, unit=SIZE)
    if mapped is None:
        return
    try:
        for at in range(0, len(mapped.words), _WORDS):
            if mapped.words[at]:
                orphan = _read(mapped, at)
                if orphan is not None:
                    yield orphan
    finally:
        mapped.close()


def _read(mapped: Mapped, at: int) -> Orphan | None:
    words = mapped.words[at : at + _WORDS].tolist()
    text = _text(mapped, at // _WORDS + 1)
    try:
        begun = read_begun(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if words[_CALLED]:
        with suppress(msgspec.DecodeError, UnicodeDecodeError):  # a power failure; whom it called first is known
            begun = Begun(begun.head, read_called(_text(mapped, words[_CALLED])))
    counts = Counts(*words[_COUNTS : _COUNTS + 7])
    cost = words[_COST] - 1 if words[_COST] else None
    return Orphan(begun, words[_CALLS], words[_BYTES], words[_EVENTS], words[_REPORTED], counts, cost)


def _text(mapped: Mapped, number: int) -> bytes:
    """Of a slot and those that follow it; what is wrong with one ends it. Args: number: counted from 1."""
    found, most = b"", len(mapped.words) // _WORDS
    for _ in range(most):
        if not 0 < number <= most:
            break
        at = (number - 1) * _WORDS
        length, check = mapped.words[at + _TEXT] & _LOW, mapped.words[at + _TEXT] >> 32
        start = at * 8 + _HEAD
        piece = bytes(mapped.bytes[start : start + min(length, _ROOM)])
        if length > _ROOM or crc32(piece) != check:
            break
        found += piece
        number = mapped.words[at + _NEXT]
    return found
