"""Request ids: the caller's when it is well formed, else a fresh one."""

from __future__ import annotations

import re
import secrets
import time
import uuid

_WELL_FORMED = re.compile(rb"[A-Za-z0-9\-_.]{1,128}")


def request_id(sent: bytes | None) -> str:
    """Echo `sent` if it matches the contract's pattern, else make a new id (contract 1.0)."""
    if sent is not None and _WELL_FORMED.fullmatch(sent):
        return sent.decode("ascii")
    return str(uuid7())


def uuid7() -> uuid.UUID:
    """A UUID that sorts by time (RFC 9562, section 5.7): 48 bits of milliseconds, 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
