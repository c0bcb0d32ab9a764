"""What both databases and JSON take. PostgreSQL refuses NUL characters, nobody encodes half a surrogate pair, and JSON
has no NaN; what is very deep or very long is a mistake or an attack."""

from __future__ import annotations

import math
from typing import TypeVar

LARGEST = 2**63 - 1
"""Integer that a column holds."""
MOST_CHARACTERS = 1_000_000
MOST_DEPTH = 32

Value = TypeVar("Value")


def check_storable(value: Value) -> Value:
    """As it came. Raises: ValueError: of a string, or of anything in a JSON document; without the value."""
    left = MOST_CHARACTERS
    waiting: list[tuple[object, int]] = [(value, 0)]
    while waiting:
        one, depth = waiting.pop()
        if isinstance(one, str):
            left -= len(one)
            _check_text(one)
        elif isinstance(one, float) and not math.isfinite(one):
            raise ValueError("a number is finite")
        elif isinstance(one, dict | list):
            waiting += ((part, depth + 1) for part in _parts(one))
        if left < 0 or depth > MOST_DEPTH:
            raise ValueError("longer or deeper than can be kept")
    return value


def _check_text(text: str) -> None:
    if "\0" in text or (not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)):
        raise ValueError("a text has no NUL character and no half of a surrogate pair")


def _parts(one: dict[object, object] | list[object]) -> list[object]:
    return [*one, *one.values()] if isinstance(one, dict) else one
