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


_SHAPE: Final = b"xxx-8xxx-xxxxxxxxxxxx"
"""How an id goes on behind its time and its version. What is `x` here is random."""
_RANDOM: Final = [place for place, sign in enumerate(_SHAPE) if sign == ord("x")]
_LENGTH: Final = len(_SHAPE)
_IDS: Final = 128
_BYTES: Final = tuple(f"{byte:02x}" for byte in range(256))
_now_ns: Final = time.time_ns


class _UUIDs:
    """Asks the clock each time, but writes a millisecond down once, and makes the random ends of many ids at once.

    Seeded by the system. Ids must differ; nobody is kept out by not knowing one.
    """

    __slots__ = ("_at", "_begins", "_bits", "_ends", "_time", "_until_ns", "_upper")

    def __init__(self) -> None:
        self._bits = random.Random().getrandbits
        self._ends, self._at = "", 0
        self._time, self._until_ns = "", 0
        """What ids begin with, and when the next millisecond does."""
        self._begins, self._upper = "", -1
        """The same of all but the last 16 bits, which is written down once a minute."""

    def make(self) -> str:
        now = _now_ns()
        if now >= self._until_ns or now < self._until_ns - 1_000_000:  # the system's clock may be set back
            self._begin(now)
        at = self._at
        if at == len(self._ends):
            at, self._ends = 0, self._some_ends()
        end = self._at = at + _LENGTH
        return self._time + self._ends[at:end]

    def _some_ends(self) -> str:
        """One behind the other."""
        digits = b"%0*x" % (len(_RANDOM) * _IDS, self._bits(4 * len(_RANDOM) * _IDS))
        made = bytearray(_SHAPE * _IDS)
        for number, place in enumerate(_RANDOM):
            made[place::_LENGTH] = digits[number * _IDS : (number + 1) * _IDS]
        return made.decode()

    def _begin(self, now: int) -> None:
        ms = now // 1_000_000
        upper = ms >> 16
        if upper != self._upper:
            self._begins, self._upper = f"{upper:08x}-", upper
        self._time = f"{self._begins}{_BYTES[ms >> 8 & 255]}{_BYTES[ms & 255]}-7"
        self._until_ns = now - now % 1_000_000 + 1_000_000


_uuids: Final = _UUIDs()


def uuid7() -> str:
    """A UUID that sorts by time (RFC 9562, section 5.7): 48 bits of milliseconds, 72 random bits; its variant is always
    the first of the four that are allowed."""
    return _uuids.make()
