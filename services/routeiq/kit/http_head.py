"""The head of an answer as bytes. What belongs to the connection is the server's: of an application's `connection`
only `close` counts, and its `transfer-encoding` not at all.
"""

from __future__ import annotations

import http
import re
from collections.abc import Iterable

from routeiq.kit.exchange import RawHeaders

BODILESS = frozenset({204, 304})
STATUS_LINES = {code: b"HTTP/1.1 %d " % code for code in range(200, 600)}
STATUS_LINES |= {code.value: b"HTTP/1.1 %d %b" % (code, code.phrase.encode()) for code in http.HTTPStatus if code >= 200}
LENGTH = b"\r\ncontent-length: "
CLOSE = b"\r\nconnection: close"
CHUNKED = b"\r\ntransfer-encoding: chunked"
MOST_NAMES = 1024

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_INNOCENT = bytes(code for code in range(256) if code == 9 or (code >= 32 and code != 127))
_prefixes: dict[bytes, bytes] = {}
"""What goes before the value of a header, by its name; for names that were found good."""


class Head:
    """What an application said: its lines, and what they mean for the framing."""

    __slots__ = ("close", "length", "lines")

    def __init__(self, headers: RawHeaders) -> None:
        """Raises RuntimeError for what would not be a head, or two."""
        self.close = False
        self.length: int | None = None
        parts: list[bytes] = []
        for name, value in headers:
            prefix = _prefixes.get(name)
            if prefix is None:
                prefix = self._prefix(name, value)
                if prefix is None:
                    continue
            parts.append(prefix)
            parts.append(value)
        self.lines = b"".join(parts)
        if len(self.lines.translate(None, _INNOCENT)) != len(parts):  # a line break in each prefix, and nothing else
            raise RuntimeError("A header's value holds a control character.")

    def _prefix(self, name: bytes, value: bytes) -> bytes | None:
        """Of the names that mean something here, and of new ones. None: the line is left out."""
        lowered = name.lower()
        if lowered == b"content-length":
            self._measure(value)
            return LENGTH
        if lowered == b"connection":
            self.close = self.close or b"close" in [token.strip().lower() for token in value.split(b",")]
            return None
        return None if lowered == b"transfer-encoding" else _learnt(name, lowered)

    def _measure(self, value: bytes) -> None:
        if self.length is not None or not value.isdigit():
            raise RuntimeError("An answer has one content-length, and it is a number.")
        self.length = int(value)


def _learnt(name: bytes, lowered: bytes) -> bytes:
    if _NAME.fullmatch(lowered) is None:
        raise RuntimeError("A header's name is not one.")
    prefix = b"\r\n%b: " % lowered
    if len(_prefixes) < MOST_NAMES:
        _prefixes[bytes(name)] = prefix
    return prefix


def default_lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Of the headers that every answer has."""
    return b"".join(b"\r\n%b: %b" % pair for pair in headers)
