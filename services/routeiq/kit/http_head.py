"""The head of an answer as bytes. What belongs to the connection is the server's: of an application's `connection`
only `close` counts, and its `transfer-encoding` not at all.
"""

from __future__ import annotations

import http
import re
from collections.abc import Iterable
from typing import Final

from routeiq.kit.exchange import RawHeaders, Repeated

BODILESS: Final = frozenset({204, 304})
STATUS_LINES: Final = {code: b"HTTP/1.1 %d " % code for code in range(200, 600)} | {
    code.value: b"HTTP/1.1 %d %b" % (code, code.phrase.encode()) for code in http.HTTPStatus if code >= 200
}
LENGTH: Final = b"\r\ncontent-length: "
END: Final = b"\r\n\r\n"
CLOSING_END: Final = b"\r\nconnection: close\r\n\r\n"
CHUNKED: Final = b"\r\ntransfer-encoding: chunked"
MOST_NAMES: Final = 1024

_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SEEN: Final = bytes(code if code == 9 or (code >= 32 and code != 127) else ord("?") for code in range(256))
"""A table for `translate`: what it does not change has no control character but tabs."""
_prefixes: dict[bytes, bytes] = {}
"""What goes before the value of a header, by its name; for names that were found good."""


def encode(headers: RawHeaders) -> tuple[bytes, int | None, bool]:
    """What an application said. Raises RuntimeError for what would not be a head, or two.

    Returns: its lines, each behind its line break; its content-length; whether the connection is to end.
    """
    length, close = None, False
    parts: list[bytes] = []
    values: list[bytes] = []
    known = _prefixes
    for name, value in headers:
        prefix = known.get(name)
        if prefix is None:
            lowered = name.lower()
            if lowered == b"content-length":
                length = _measure(length, value)
                prefix = LENGTH
            elif lowered == b"connection":
                close = close or b"close" in [token.strip().lower() for token in value.split(b",")]
                continue
            elif lowered == b"transfer-encoding":
                continue
            else:
                prefix = _learn(name, lowered)
        parts.append(prefix)
        parts.append(value)
        values.append(value)
    said = b"".join(values)  # names are known to be good
    if said.translate(_SEEN) != said:
        raise RuntimeError("A header's value holds a control character.")
    return b"".join(parts), length, close


def ready(headers: Repeated) -> bytes:
    """The lines of headers that say nothing of the answer's length or of the connection; kept in them."""
    if not headers:
        return b""
    return headers.lines or _encode_repeated(headers)


def _encode_repeated(headers: Repeated) -> bytes:
    lines, length, close = encode(headers)
    if length is not None or close:
        raise RuntimeError("Neither a length nor the end of a connection is repeated.")
    headers.lines = lines
    return lines


def _measure(known: int | None, value: bytes) -> int:
    if known is not None or not value.isdigit():
        raise RuntimeError("An answer has one content-length, and it is a number.")
    return int(value)


def _learn(name: bytes, lowered: bytes) -> bytes:
    if _NAME.fullmatch(lowered) is None:
        raise RuntimeError("A header's name is not one.")
    prefix = b"\r\n%b: " % lowered
    if len(_prefixes) < MOST_NAMES:
        _prefixes[bytes(name)] = prefix
    return prefix


def as_lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Of headers that are known to be good."""
    return b"".join(b"\r\n%b: %b" % pair for pair in headers)
