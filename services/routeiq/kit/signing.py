"""Sign assertions to other services: who calls, for whom, and whom it calls (architecture, section 4).

A compact JWS (RFC 7515) that lives 60 s; `alg` is `Ed25519`, the fully specified name of RFC 9864. It is written here,
because a signer needs three lines of a JOSE library, which takes 4 MiB of every gateway; what verifies is joserfc, in
`identity`. Assertions are kept per principal and audience, so that signing costs nothing on a request."""

from __future__ import annotations

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.kit.lru import LRU
from routeiq.kit.principal import Principal

LIFETIME_S = 60
RENEW_BEFORE_S = 20
ALGORITHM = "Ed25519"
HEADER = "x-routeiq-internal-assertion"
"""Of an HTTP request to another service. gRPC calls carry it as a bearer token."""
_CACHED = 4096

Clock = Callable[[], float]


class AssertionSigner:
    """Signs for one service. `clock` gives Unix time."""

    def __init__(self, key: Ed25519PrivateKey, issuer: str, clock: Clock = time.time) -> None:
        self._key = key
        self._header = _part({"alg": ALGORITHM, "kid": _thumbprint(key), "typ": "JWT"})
        self._clock = clock
        self._cache: LRU[tuple[str, str | Principal], tuple[float, str]] = LRU(_CACHED)
        self.issuer = issuer

    def sign(self, audience: str, subject: str | Principal = "") -> str:
        """An assertion that lives for at least another 20 s.

        Args: audience: the called service.  subject: the verified principal, or its id where nothing more is needed;
        empty means the issuer itself."""
        wanted = (audience, subject or self.issuer)
        now = self._clock()
        cached = self._cache.get(wanted)
        if cached and cached[0] - now > RENEW_BEFORE_S:
            return cached[1]
        expires_at, token = self._sign(*wanted, now)
        self._cache.put(wanted, (expires_at, token))
        return token

    def _sign(self, audience: str, subject: str | Principal, now: float) -> tuple[float, str]:
        issued_at = int(now)
        expires_at = issued_at + LIFETIME_S
        who = {"sub": subject} if isinstance(subject, str) else _claims(subject)
        claims = {"iss": self.issuer, **who, "aud": audience, "iat": issued_at, "exp": expires_at}
        signed = self._header + b"." + _part(claims)
        return expires_at, (signed + b"." + _base64(self._key.sign(signed))).decode()


def _claims(principal: Principal) -> Mapping[str, object]:
    """Without what it does not have."""
    claims = {
        "sub": principal.key_id,
        "role": principal.role.value,
        "uid": principal.user_id,
        "tid": principal.team_id,
        "alias": principal.key_alias,
        "perms": list(principal.permissions),
    }
    return {name: value for name, value in claims.items() if value}


def _thumbprint(key: Ed25519PrivateKey) -> str:
    """The key's id: SHA-256 over the members of its JWK in the order of their names (RFC 7638, 8037)."""
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": _base64(key.public_key().public_bytes_raw()).decode()}
    return _base64(hashlib.sha256(_json(jwk)).digest()).decode()


def _part(members: Mapping[str, object]) -> bytes:
    return _base64(_json(members))


def _json(members: Mapping[str, object]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()


def _base64(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")
