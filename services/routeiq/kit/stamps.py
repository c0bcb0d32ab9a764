"""Times as the log writes them down."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_SECOND_NS: Final = 1_000_000_000
_MICROSECONDS: Final = 1_000_000


class Stamps:
    """Writes down what is said of a second once for all of them."""

    __slots__ = ("_at", "_second")

    def __init__(self) -> None:
        self._second = -1
        self._at = ""

    def write(self, now_ns: int) -> str:
        """Args: now_ns: since the epoch, in UTC."""
        second = now_ns // _SECOND_NS
        if second != self._second:
            self._at, self._second = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S."), second
        digits = str(_MICROSECONDS + (now_ns - second * _SECOND_NS) // 1000)
        return f"{self._at}{digits[1:]}Z"
