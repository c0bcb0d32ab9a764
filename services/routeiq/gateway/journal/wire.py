"""Protobuf's wire format, as far as usage records need it (protobuf.dev/programming-guides/encoding)."""

from __future__ import annotations

from typing import Final

_MASK: Final = 2**64 - 1
_MORE: Final = tuple(bytes([low | 128]) for low in range(128))


def _varint(number: int, ends: tuple[bytes, ...]) -> bytes:
    """Args: ends: what is known of the smallest numbers."""
    parts, most = list[bytes](), len(ends)
    while number >= most:
        parts.append(_MORE[number & 127])
        number >>= 7
    parts.append(ends[number])
    return b"".join(parts)


_BYTES: Final = tuple(bytes([number]) for number in range(128))
_SMALL: Final = tuple(_varint(number, _BYTES) for number in range(2048))
_MIDDLE: Final = 2048 << 7


def varint(number: int) -> bytes:
    """A whole number. Those below 0 are written as 64 bits have them."""
    if 0 <= number < 2048:
        return _SMALL[number]
    if 0 <= number < _MIDDLE:
        return _MORE[number & 127] + _SMALL[number >> 7]
    return _varint(number if number >= 0 else number & _MASK, _SMALL)


def tag(field: int, kind: int = 0) -> bytes:
    """What goes before a value. Args: kind: 0: a number, 1: 8 bytes, 2: what has a length, 5: 4 bytes."""
    return varint(field << 3 | kind)


def sized(before: bytes, value: bytes) -> bytes:
    """A text, bytes or a message, behind its tag."""
    length = len(value)
    return before + (_SMALL[length] if length < 2048 else varint(length)) + value
