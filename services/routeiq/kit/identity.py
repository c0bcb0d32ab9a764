"""Signed assertions between services: who calls, for whom, and whom it calls (architecture, section 4).

This is the side that is called; `signing` is the other. An algorithm that is not `Ed25519`, the older `EdDSA` included,
is refused. Verifying is cached per token, so that it costs nothing on a request. Everything fails closed: what cannot
be verified is an `AssertionInvalid`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OKPKey

from routeiq.kit.errors import AuthenticationError, ConfigurationError
from routeiq.kit.lru import LRU
from routeiq.kit.principal import Principal, Role
from routeiq.kit.signing import ALGORITHM, LIFETIME_S, Clock

LEEWAY_S = 5
_CACHED = 4096
_MAX_TOKEN_CHARS = 8192
"""Permissions and an alias are in it."""
_ROLES = frozenset(role.value for role in Role)


class AssertionInvalid(AuthenticationError):
    """The assertion is missing, malformed, signed by a stranger, for another service, or not valid now."""

    code = "invalid_assertion"


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a verified assertion says. `expires_at` is Unix time in seconds; `principal` is None where the calling
    service asks for itself, or named no more than an id."""

    issuer: str
    subject: str
    audience: str
    expires_at: float
    principal: Principal | None = None


class AssertionVerifier:
    """Verifies for one service, the `audience`. Several keys let a key be exchanged without an outage."""

    def __init__(self, keys: Iterable[Ed25519PublicKey], audience: str, clock: Clock = time.time) -> None:
        """Raises: ConfigurationError: no key, for then nobody could ever call."""
        self._keys = {key.thumbprint(): key for key in map(_public, keys)}
        if not self._keys:
            raise ConfigurationError([f"no public key is configured to verify calls to {audience}"])
        self._clock = clock
        self._cache: LRU[str, Assertion] = LRU(_CACHED)
        self.audience = audience

    def verify(self, token: str) -> Assertion:
        """Raises: AssertionInvalid: with a text that tells the caller nothing of our keys."""
        assertion = self._cache.get(token)
        if assertion is None:
            assertion = self._check(token)
            self._cache.put(token, assertion)
        if self._clock() > assertion.expires_at + LEEWAY_S:
            self._cache.drop(token)
            raise AssertionInvalid("the assertion has expired")
        return assertion

    def _check(self, token: str) -> Assertion:
        if len(token) > _MAX_TOKEN_CHARS:
            raise AssertionInvalid("the assertion is too long")
        try:
            claims = jwt.decode(token, self._key_of, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError, KeyError, TypeError):
            raise AssertionInvalid("the assertion is not one of ours") from None
        return self._read(claims)

    def _key_of(self, token: GuestProtocol) -> OKPKey:
        return self._keys[token.headers()["kid"]]

    def _read(self, claims: Mapping[str, object]) -> Assertion:
        issuer, subject, audience = claims.get("iss"), claims.get("sub"), claims.get("aud")
        issued_at, expires_at = claims.get("iat"), claims.get("exp")
        if not (isinstance(issuer, str) and isinstance(subject, str) and type(issued_at) is type(expires_at) is int):
            raise AssertionInvalid("the assertion lacks a claim")
        if audience != self.audience:
            raise AssertionInvalid("the assertion is for another service")
        if expires_at - issued_at > LIFETIME_S or issued_at > self._clock() + LEEWAY_S:
            raise AssertionInvalid("the assertion's times are not possible")
        return Assertion(issuer, subject, self.audience, expires_at, _principal(subject, claims))


def _principal(key_id: str, claims: Mapping[str, object]) -> Principal | None:
    role, permissions = claims.get("role"), claims.get("perms", [])
    if role is None:
        return None
    if _text(role) not in _ROLES or not isinstance(permissions, list):
        raise AssertionInvalid("the assertion's principal is not possible")
    user_id, team_id, alias = (_text(claims.get(name, "")) for name in ("uid", "tid", "alias"))
    return Principal(key_id, Role(str(role)), user_id, team_id, alias, tuple(map(_text, permissions)))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise AssertionInvalid("the assertion's principal is not possible")
    return value


def _public(key: Ed25519PublicKey) -> OKPKey:
    return OKPKey.import_key(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
