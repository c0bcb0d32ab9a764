"""Request ids: the caller's when it is well formed, else a fresh one."""

from __future__ import annotations

import random
import re
import time
from typing import Final

_WELL_FORMED: Final = re.compile(rb"[A-Za-z0-9\-_.]{1,128}")


def request_id(sent: bytes | None) -> str:
    """Echo `sent` if it matches the contract's pattern, else make a new id (contract 1.0)."""
    if sent is not None and _WELL_FORMED.fullmatch(sent):
        return sent.decode("ascii")
    return uuid7()


_DIGITS: Final = 18
_RANDOM: Final = "xxx-8xxx-xxxxxxxxxxxx"
"""What of an id is random, and what stands between."""
_LENGTH: Final = len(_RANDOM)
_IDS: Final = 128
_now_ns: Final = time.time_ns


class _UUIDs:
    """Asks the clock each time, but writes a millisecond down once, and takes random digits for many ids at once.

    Seeded by the system. Ids must differ; nobody is kept out by not knowing one.
    """

    __slots__ = ("_at", "_bits", "_ends", "_time", "_until_ns")

    def __init__(self) -> None:
        self._bits = random.Random().getrandbits
        self._ends, self._at = "", 0
        self._time, self._until_ns = "", 0
        """What ids begin with, and when the next millisecond does."""

    def make(self) -> str:
        now = _now_ns()
        if now >= self._until_ns or now < self._until_ns - 1_000_000:  # the system's clock may be set back
            self._begin(now // 1_000_000)
        at = self._at
        if at == len(self._ends):
            at, self._ends = 0, self._random()
        self._at = end = at + _LENGTH
        return self._time + self._ends[at:end]

    def _begin(self, ms: int) -> None:
        digits = f"{ms:012x}"
        self._time, self._until_ns = f"{digits[:8]}-{digits[8:]}-7", (ms + 1) * 1_000_000

    def _random(self) -> str:
        """The ends of many ids, written column by column: no id costs a format of its own."""
        digits = f"{self._bits(4 * _DIGITS * _IDS):0{_DIGITS * _IDS}x}".encode()
        ends, column = bytearray(_RANDOM.encode() * _IDS), 0
        for place, kind in enumerate(_RANDOM):
            if kind == "x":
                ends[place::_LENGTH] = digits[column::_DIGITS]
                column += 1
        return ends.decode()


uuid7: Final = _UUIDs().make
"""A UUID that sorts by time (RFC 9562, section 5.7): 48 bits of milliseconds, 72 random bits; its variant is always the
first of the four that are allowed."""
