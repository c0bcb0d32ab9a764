"""Cut out what looks like a credential, wherever a text comes from somewhere else: other programs' errors, tracebacks.

The last lock, not the first: who knows a secret does not write it. It knows keys by their usual beginnings, values of
`Authorization`, passwords in URLs, and what is called a secret, a password, a key or a token (the latter two with a
digit in them: an error may speak of the key `temperature`).
"""

from __future__ import annotations

import re

REDACTED = "[redacted]"
_IS = r"[\"'\\]*[ \t]*[:=][ \t]*[\"'\\]*"
_LOOKS_SECRET = (
    r"(?i:\b(?:bearer|basic)[ \t]+)(?P<scheme>[\w.~+/=-]{8,})"
    r"|\b(?P<key>(?:sk-|pk-|gsk_|xai-|nvapi-|pplx-|hf_|ghp_|AIza)[\w*-]{8,})"
    r"|://[^\s/@:\"'\\]*:(?P<url>[^\s/@\"'\\]+)@"
    rf"|(?i:(?:secret|password|authorization){_IS}|(?:key|token){_IS}(?=[^\s\"',;]*\d))(?P<named>[^\s\"',;&\\(){{}}\[\]]{{8,}})"
)
_TEXT = re.compile(_LOOKS_SECRET)
_BYTES = re.compile(_LOOKS_SECRET.encode())


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
    return whole[: begin - start] + REDACTED.encode() + whole[end - start :]
