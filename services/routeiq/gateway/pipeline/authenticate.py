"""Turn the key of a request into a principal. Fails closed: no key, an unknown key or an odd header is a 401."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs

from routeiq.kit.errors import AuthenticationError
from routeiq.kit.principal import Principal, Role

_BEARER_HEADERS = (b"authorization", b"x-litellm-api-key")
_PLAIN_HEADERS = (b"x-api-key", b"api-key", b"x-goog-api-key", b"ocp-apim-subscription-key")
SEARCH_ORDER = (b"x-litellm-api-key", b"authorization", *_PLAIN_HEADERS)
"""LiteLLM's own header wins: its clients use it where `Authorization` means something else."""


_USUAL = b"Bearer "


class Authenticator:
    """Knows the master key by its hash alone. Virtual keys come from control."""

    def __init__(self, master_key: str) -> None:
        self._mark = _mark(master_key.encode())
        self._master = Principal(key_id=hashlib.sha256(master_key.encode()).hexdigest(), role=Role.ADMIN)

    def principal(self, headers: Mapping[bytes, bytes], query: bytes = b"") -> Principal:
        """Raises AuthenticationError with a text that says what to send. Args: headers: the first value of each."""
        key = presented_key(headers, query)
        if key is None:
            raise AuthenticationError("No API key was sent. Send it as `Authorization: Bearer <key>`.")
        if not hmac.compare_digest(_mark(key), self._mark):
            raise AuthenticationError("Invalid API key")
        return self._master


def _mark(key: bytes) -> bytes:
    """What a key is compared by. BLAKE2 takes half the time of SHA-256."""
    return hashlib.blake2b(key, digest_size=32).digest()


def presented_key(headers: Mapping[bytes, bytes], query: bytes = b"") -> bytes | None:
    """The key of a request, wherever its client puts it (architecture, section 3), or None."""
    for name in SEARCH_ORDER:
        value = headers.get(name)
        if value is not None:
            key = _key(name, value)
            if key:
                return key
    sent = parse_qs(query.decode("latin-1"), encoding="latin-1").get("key") if b"key=" in query else None
    return sent[0].encode("latin-1") if sent else None


def _key(name: bytes, value: bytes) -> bytes:
    """The key in one header. `Authorization` counts only with the Bearer scheme."""
    if name == b"authorization" and value.startswith(_USUAL):
        return value[len(_USUAL) :].strip()
    scheme, _, rest = value.strip().partition(b" ")
    if name in _BEARER_HEADERS and scheme.lower() == b"bearer":
        return rest.strip()
    return b"" if name == b"authorization" else value.strip()
