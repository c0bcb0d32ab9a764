"""Request ids: the caller's when it is well formed, else a fresh one."""

from __future__ import annotations

import random
import re
import time

_WELL_FORMED = re.compile(rb"[A-Za-z0-9\-_.]{1,128}")


def request_id(sent: bytes | None) -> str:
    """Echo `sent` if it matches the contract's pattern, else make a new id (contract 1.0)."""
    if sent is not None and _WELL_FORMED.fullmatch(sent):
        return sent.decode("ascii")
    return uuid7()


_bits = random.Random().getrandbits
"""Seeded by the system. Ids must differ; nobody is kept out by not knowing one."""


def uuid7() -> str:
    """A UUID that sorts by time (RFC 9562, section 5.7): 48 bits of milliseconds, 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | 0x7 << 76 | _bits(12) << 64 | 0x2 << 62 | _bits(62)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
