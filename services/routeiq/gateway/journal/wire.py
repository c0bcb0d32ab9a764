"""Protobuf's wire format, as far as usage records need it (protobuf.dev/programming-guides/encoding): what differs from
record to record is written here, because setting a message's fields one by one takes several times as long."""

from __future__ import annotations

from typing import Final

_MASK: Final = 2**64 - 1
_MORE: Final = tuple(bytes([low | 128]) for low in range(128))


def _varint(number: int) -> bytes:
    parts = []
    while number > 127:
        parts.append(_MORE[number & 127])
        number >>= 7
    parts.append(bytes((number,)))
    return b"".join(parts)


_SMALL: Final = tuple(_varint(number) for number in range(2048))


def varint(number: int) -> bytes:
    """A whole number. Those below 0 are written as 64 bits have them."""
    return _SMALL[number] if 0 <= number < 2048 else _varint(number & _MASK)


def tag(field: int, kind: int = 0) -> bytes:
    """What goes before a value. Args: kind: 0: a number, 1: 8 bytes, 2: what has a length."""
    return _varint(field << 3 | kind)


def sized(before: bytes, value: bytes) -> bytes:
    """A text, bytes or a message, behind its tag."""
    length = len(value)
    return before + (_SMALL[length] if length < 2048 else _varint(length)) + value
