"""Where a stream has begun: with its first data, not with a comment.

Some providers send comments while they queue or think (OpenRouter: `: OPENROUTER PROCESSING`) and say only then that
there is no answer. So long another deployment may still be asked, and the client is told nothing. What was held is
relayed as it came, in front of what follows.
"""

from __future__ import annotations

import re

_FIRST_BYTES = 64
"""An event that is an error says so at once."""
_AT_ONCE = len(b"data:") + _FIRST_BYTES
_ERROR = b'"error"'
MOST_HELD_BYTES = 16 * 1024
"""A stream that has said so much has begun, whatever it said. For how long is the deadline of the call."""
_DATA = re.compile(rb"(?:\A(?:\xef\xbb\xbf)?|[\r\n])data:")
_LONGEST_MATCH = 8
_LINE_END = re.compile(rb"[\r\n]")


def begins_at_once(chunk: bytes) -> bool:
    """Whether these first bytes are those of most streams, and nothing else has to be known of them."""
    return len(chunk) >= _AT_ONCE and chunk.startswith(b"data:") and _ERROR not in chunk[:_AT_ONCE]


def error_line(held: bytes | bytearray) -> bytes | None:
    """The data of a stream's first event, as far as it is here, if it may be an error."""
    found = _DATA.search(held)
    if found is None or _ERROR not in held[found.end() : found.end() + _FIRST_BYTES]:
        return None
    end = _LINE_END.search(held, found.end())
    return bytes(held[found.end() : end.start() if end is not None else len(held)]).strip()


class Beginning:
    """What has come of a stream until it is known whether it has begun. Linear in that, however small the pieces."""

    __slots__ = ("_searched", "_start", "held")

    def __init__(self) -> None:
        self.held = bytearray()
        self._start = -1
        """Of the first event's data."""
        self._searched = 0

    @property
    def has_data(self) -> bool:
        return self._start >= 0

    def add(self, piece: bytes) -> bool:
        """Whether enough is here to say what it begins with."""
        held = self.held
        held += piece
        if self._start < 0:
            found = _DATA.search(held, self._searched)
            self._searched = max(0, len(held) - _LONGEST_MATCH)
            if found is None:
                return len(held) > MOST_HELD_BYTES
            self._start = self._searched = found.end()
        ended = _LINE_END.search(held, self._searched) is not None
        self._searched = len(held)
        if ended or len(held) > MOST_HELD_BYTES:
            return True
        first = held[self._start : self._start + _FIRST_BYTES]
        return len(first) == _FIRST_BYTES and _ERROR not in first
