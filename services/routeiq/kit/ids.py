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
_IDS: Final = 128


class _UUIDs:
    """Asks the clock each time, but writes a millisecond down once, and takes random digits for many ids at once.

    Seeded by the system. Ids must differ; nobody is kept out by not knowing one.
    """

    __slots__ = ("_at", "_bits", "_digits", "_ms", "_time")

    def __init__(self) -> None:
        self._bits = random.Random().getrandbits
        self._digits, self._at = "", 0
        self._ms, self._time = 0, ""

    def make(self) -> str:
        ms = time.time_ns() // 1_000_000
        if ms != self._ms:
            digits = f"{ms:012x}"
            self._ms, self._time = ms, f"{digits[:8]}-{digits[8:]}-7"
        at = self._at
        if at == len(self._digits):
            at, self._digits = 0, f"{self._bits(4 * _DIGITS * _IDS):0{_DIGITS * _IDS}x}"
        self._at = at + _DIGITS
        digits = self._digits
        return f"{self._time}{digits[at : at + 3]}-8{digits[at + 3 : at + 6]}-{digits[at + 6 : at + 18]}"


uuid7: Final = _UUIDs().make
"""A UUID that sorts by time (RFC 9562, section 5.7): 48 bits of milliseconds, 72 random bits; its variant is always the
first of the four that are allowed."""
