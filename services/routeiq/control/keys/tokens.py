"""What a key looks like, and by what it is known. The key itself is given once, when it is made, and kept nowhere."""

from __future__ import annotations

import hashlib
import secrets

from routeiq.control.errors import Refused
from routeiq.control.keys.refusals import wrapped

PREFIX = "sk-"
RANDOM_BYTES = 16
MIN_CUSTOM_LENGTH = 16
MAX_CUSTOM_LENGTH = 512
"""Gateways take no longer one for a key."""
UNSENDABLE = "must have ASCII letters, digits and signs alone, and no spaces: no header could carry it."


def fresh() -> str:
    """As LiteLLM makes them: 128 random bits."""
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def hash_of(key: str) -> str:
    """Of a key; a hash stays as it is, since no hash begins like a key."""
    return hashlib.sha256(key.encode()).hexdigest() if key.startswith(PREFIX) else key


def name_of(key: str) -> str:
    """What may be shown of it."""
    return f"{PREFIX}...{key[-4:]}"


def checked_custom(key: str) -> str:
    """One that the caller chose. Raises: Refused: it is no key, or easily guessed."""
    if not key.startswith(PREFIX):
        shown = f"{key[:4]}****{key[-4:]}" if len(key) > 8 else "****"
        raise _malformed(f"must start with 'sk-'. Received: {shown}")
    if len(key) < MIN_CUSTOM_LENGTH:
        raise _malformed(f"must be at least {MIN_CUSTOM_LENGTH} characters long.")
    if len(key.encode()) > MAX_CUSTOM_LENGTH:
        raise _malformed(f"must be at most {MAX_CUSTOM_LENGTH} bytes long.")
    if not _fits_a_header(key):
        raise _malformed(UNSENDABLE)
    return key


def checked_successor(key: str) -> str:
    """The same for one that takes the place of another; LiteLLM says it in other words."""
    if not key.startswith(PREFIX):
        raise wrapped(
            400,
            "New key must start with 'sk-'. This is to distinguish a key hash (used by litellm for logging / internal "
            "logic) from the actual key.",
        )
    if len(key) < MIN_CUSTOM_LENGTH:
        raise wrapped(400, f"New key must be at least {MIN_CUSTOM_LENGTH} characters long.")
    if len(key.encode()) > MAX_CUSTOM_LENGTH:
        raise wrapped(400, f"New key must be at most {MAX_CUSTOM_LENGTH} bytes long.")
    if not _fits_a_header(key):
        raise wrapped(400, f"New key {UNSENDABLE}")
    return key


def _fits_a_header(key: str) -> bool:
    return key.isascii() and key.isprintable() and " " not in key


def _malformed(what: str) -> Refused:
    return wrapped(400, f"Invalid key format. LiteLLM Virtual Key {what}")
