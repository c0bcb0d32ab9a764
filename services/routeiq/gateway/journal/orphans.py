"""Requests that a dead process had in flight, as its slots hold them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

from google.protobuf.message import DecodeError

from routeiq.gateway.journal.mapped import Mapped, opened
from routeiq.gateway.journal.records import Counts, Orphan, read_begun
from routeiq.gateway.journal.slots import (
    BYTES,
    CALLED,
    CALLS,
    COST,
    COUNTS,
    EVENTS,
    HEAD,
    NEXT,
    REPORT,
    ROOM,
    SIZE,
    TEXT,
    WORDS,
)

if TYPE_CHECKING:
    from routeiq.api.usage.v1 import usage_pb2 as pb

_LOW = 2**32 - 1
_WHO = ("model", "deployment_id", "provider", "provider_model")
"""What a record says of who was called."""


def read_orphans(path: Path) -> Iterator[Orphan]:
    """What cannot be read is left out. Raises: OSError."""
    mapped = opened(path, unit=SIZE)
    if mapped is None:
        return
    try:
        for at in range(0, len(mapped.words), WORDS):
            if mapped.words[at]:
                orphan = _read(mapped, at)
                if orphan is not None:
                    yield orphan
    finally:
        mapped.close()


def _read(mapped: Mapped, at: int) -> Orphan | None:
    words = mapped.words[at : at + WORDS].tolist()
    try:
        begun = read_begun(_text(mapped, at // WORDS + 1))
    except DecodeError:
        return None
    if not begun.record.id:
        return None
    if words[CALLED]:
        with suppress(DecodeError):  # a power failure; whom it called first is known
            begun = _calling(begun, _text(mapped, words[CALLED]))
    counts = Counts(*words[COUNTS : COUNTS + 7])
    cost = words[COST] - 1 if words[COST] else None
    return Orphan(begun, words[CALLS], words[BYTES], words[EVENTS], words[REPORT], counts, cost)


def _calling(begun: pb.Begun, text: bytes) -> pb.Begun:
    """The same request, of whom that names. Raises: DecodeError."""
    if not text:
        return begun
    found = type(begun)()
    found.CopyFrom(begun)
    for name in _WHO:
        found.record.served.ClearField(name)
    found.MergeFromString(text)
    return found


def _text(mapped: Mapped, number: int) -> bytes:
    """Of a slot and those that follow it; what is wrong with one ends it. Args: number: counted from 1."""
    found, most = b"", len(mapped.words) // WORDS
    for _ in range(most):
        if not 0 < number <= most:
            break
        at = (number - 1) * WORDS
        length, check = mapped.words[at + TEXT] & _LOW, mapped.words[at + TEXT] >> 32
        start = at * 8 + HEAD
        piece = bytes(mapped.bytes[start : start + min(length, ROOM)])
        if length > ROOM or crc32(piece) != check:
            break
        found += piece
        number = mapped.words[at + NEXT]
    return found
