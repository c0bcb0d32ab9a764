"""Cut out what looks like a credential, wherever a text comes from somewhere else: other programs' errors, tracebacks.

The last lock, not the first: who knows a secret does not write it. It knows keys by their usual beginnings, values of
`Authorization`, passwords in URLs, and what is called a secret, a password, a key or a token (the latter two with a
digit in them: an error may speak of the key `temperature`).
"""

from __future__ import annotations

import re
from typing import Final

REDACTED: Final = "[redacted]"
HIDDEN: Final = REDACTED.encode()
_IS = r"[\"'\\]*[ \t]*[:=][ \t]*[\"'\\]*"
_LOOKS_SECRET = (
    r"(?i:\b(?:bearer|basic)[ \t]+)(?P<scheme>[\w.~+/=-]{8,})"
    r"|\b(?P<key>(?:sk-|pk-|gsk_|xai-|nvapi-|pplx-|hf_|ghp_|AIza)[\w*-]{8,})"
    r"|://[^\s/@:\"'\\]*:(?P<url>[^\s/@\"'\\]+)@"
    rf"|(?i:(?:secret|password|authorization){_IS}|(?:key|token){_IS}(?=[^\s\"',;]*\d))(?P<named>[^\s\"',;&\\(){{}}\[\]]{{8,}})"
)
_TEXT: Final = re.compile(_LOOKS_SECRET)
_BYTES: Final = re.compile(_LOOKS_SECRET.encode())


def without(text: bytes, secrets: tuple[bytes, ...]) -> bytes:
    """Of secrets that are known. The longest come first, where one may be in another."""
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, HIDDEN)
    return text


class Hiding:
    """The same of a text that comes in pieces, however they cut it. No secret has a line feed in it."""

    __slots__ = ("_held", "_secrets")

    def __init__(self, secrets: tuple[bytes, ...]) -> None:
        self._secrets = secrets
        self._held = b""
        """The end of what came, where it may be the beginning of a secret."""

    def feed(self, piece: bytes) -> bytes:
        if self._held or not piece.endswith(b"\n"):
            return self._without_end(without(self._held + piece, self._secrets))
        return without(piece, self._secrets)

    def rest(self) -> bytes:
        """At the end of the text."""
        held, self._held = self._held, b""
        return held

    def _without_end(self, text: bytes) -> bytes:
        length = max(_begun(text, secret) for secret in self._secrets)
        kept = len(text) - length
        self._held = text[kept:]
        return text[:kept]


def _begun(text: bytes, secret: bytes) -> int:
    """How much of `secret` the end of `text` may be the beginning of."""
    most = min(len(text), len(secret) - 1)
    return next((n for n in range(most, 0, -1) if text.endswith(secret[:n])), 0)


def redacted(text: str) -> str:
    return _TEXT.sub(_without, text)


def redacted_bytes(text: bytes) -> bytes:
    """The same of UTF-8."""
    return _BYTES.sub(_without_bytes, text)


def _without(found: re.Match[str]) -> str:
    """All of the match but its secret."""
    start, whole = found.start(), found.group()
    begin, end = found.span(found.lastgroup or 0)
    return whole[: begin - start] + REDACTED + whole[end - start :]


def _without_bytes(found: re.Match[bytes]) -> bytes:
    start, whole = found.start(), found.group()
    begin, end = found.span(found.lastgroup or 0)
    return whole[: begin - start] + HIDDEN + whole[end - start :]
