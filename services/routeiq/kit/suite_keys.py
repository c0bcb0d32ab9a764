"""The keys that a suite makes for itself, by the names under which a Secret keeps them.

What is there is never changed: providers' keys in the database open with `encryption-key` alone, and clients hold the
others. A public key is made of its private one; a public one without it is refused, because whoever trusts it would
let nobody in."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from routeiq.kit import crypto, master_key
from routeiq.kit.errors import ConfigurationError

PASSWORD_BYTES = 32


def _password() -> str:
    """Hexadecimal, so that it stands in an address as it is."""
    return secrets.token_hex(PASSWORD_BYTES)


TEXTS: Mapping[str, Callable[[], str]] = {
    "master-key": master_key.generate,
    "service-keys": master_key.generate,
    "encryption-key": crypto.generate,
    "nats-token": _password,
    "postgres-password": _password,
    "redis-password": _password,
}
PAIRS: Mapping[str, str] = {
    "identity-key": "identity-public-key",
    "config-sync-identity-key": "config-sync-identity-public-key",
}
"""Ed25519, private and public: who signs what he says to other services."""


def missing(there: Mapping[str, bytes]) -> dict[str, bytes]:
    """What a suite needs beyond what is there, made now.

    Raises: ConfigurationError: a private key is none, or a public key is not its private one's."""
    made = {name: make().encode() for name, make in TEXTS.items() if not there.get(name)}
    for private, public in PAIRS.items():
        made |= _missing_of_pair(there, private, public)
    return made


def _missing_of_pair(there: Mapping[str, bytes], private: str, public: str) -> dict[str, bytes]:
    if not there.get(private):
        if there.get(public):
            raise ConfigurationError([f"{public} is there, and {private} is not: remove the one, or add the other"])
        key = Ed25519PrivateKey.generate()
        return {private: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), public: _public(key)}
    derived = _public(_loaded(there[private], private))
    if not there.get(public):
        return {public: derived}
    if there[public].split() != derived.split():
        raise ConfigurationError([f"{public} is not the public half of {private}"])
    return {}


def _loaded(pem: bytes, name: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError([f"{name} holds no private Ed25519 key in PEM"])
    return key


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
