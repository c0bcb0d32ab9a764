"""Requests in flight: a slot for each in a mapped file, which outlives this process.

A slot is a KiB: seventeen words, then text. One whose text is longer goes on in others. Its first word is written last
and cleared first, and each word is written in one step: so whenever the process dies, a taken slot is whole. What a
power failure leaves half written its checksum tells. `orphans` reads what a dead process had."""

from __future__ import annotations

import os
from pathlib import Path
from struct import Struct as Packed
from typing import Final
from zlib import crc32

from routeiq.gateway.journal.mapped import Allocate, Mapped, extended

SIZE: Final = 1024
SLOTS: Final = 256
"""So many are added at a time."""
WORDS: Final = SIZE // 8
TEXT: Final = 1
NEXT: Final = 2
CALLED: Final = 3
CALLS: Final = 4
BYTES: Final = 5
EVENTS: Final = 6
REPORT: Final = 7
COST: Final = 8
COUNTS: Final = 9
"""Of the words of a slot, of which the first says that it is taken. TEXT: its length and checksum. NEXT, CALLED: of
another slot the number, counted from 1. COST: one more than it is; 0: it is not known."""
HEAD: Final = 8 * 17
ROOM: Final = SIZE - HEAD
_header: Final = Packed("=QQ").pack
_counts: Final = Packed("=7q").pack
_NOTHING: Final = bytes(HEAD - 3 * 8)
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
        self._words[self._at + CALLS] = self.calls

    def call_other(self, begun: bytes) -> None:
        """Another one is called; the text says who. Without room it is billed as who was named before."""
        number = self._slots.note(self, begun)
        if number:
            self._words[self._at + CALLED] = number
        self.call()

    def uncall(self) -> None:
        """The last call was not made."""
        self.calls -= 1
        self._words[self._at + CALLS] = self.calls

    def relay(self, sent: int, events: int) -> None:
        self.bytes += sent
        self.events += events
        words, at = self._words, self._at
        words[at + BYTES] = self.bytes
        words[at + EVENTS] = self.events

    def report(self, counts: tuple[int, ...], cost_nano_usd: int | None, *, final: bool) -> None:
        """Args: counts: in the order of `Counts`, none below 0."""
        words, at = self._words, self._at
        if self._reported:
            start = 8 * (at + COUNTS)
            self._bytes[start : start + 56] = _counts(*counts)
            words[at + COST] = 0 if cost_nano_usd is None else cost_nano_usd + 1
        else:  # all of it is nothing yet
            self._reported, place = True, at + COUNTS
            for count in counts:
                if count:
                    words[place] = count
                place += 1
            if cost_nano_usd is not None:
                words[at + COST] = cost_nano_usd + 1
        words[at + REPORT] = REPORTED if final else PARTLY_REPORTED

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
        if len(text) > ROOM:
            text, following = text[:ROOM], self._chain_rest(text[ROOM:], numbers)
        part = self._write(number, text, following)
        at = number % SLOTS * WORDS
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
        for start in reversed(range(0, len(text), ROOM)):
            if not self._free:
                self._grow()
            number = self._free.pop()
            numbers.append(number)
            self._write(number, text[start : start + ROOM], following)
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
