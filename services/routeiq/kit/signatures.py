"""Detached Ed25519 signatures (RFC 8032): a line of JSON beside what is signed, which any language can make and check.

    {"algorithm": "Ed25519", "key_id": "<16 hex digits>", "signature": "<base64 of 64 bytes>"}

The key id is the beginning of the SHA-256 of the raw public key, 32 bytes. It says which key to look for and proves
nothing; what counts is that a key which the verifier was given fits. Everything here fails closed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from routeiq.kit.errors import ConfigurationError, InvalidRequest
from routeiq.kit.key_files import load_public_key

ALGORITHM = "Ed25519"
MAX_BYTES = 4096
_SIGNATURE_BYTES = 64
_ID_DIGITS = 16
_DER_PREFIX = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of a key in its X.509 form. Source: RFC 8410, section 4."""

PublicKeys = Mapping[str, Ed25519PublicKey]
"""By key id."""


class SignatureInvalid(InvalidRequest):
    """There is no signature that one of the given keys has made of these bytes."""

    code = "signature_invalid"


def key_id(key: Ed25519PublicKey) -> str:
    """16 hex digits that name the key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:_ID_DIGITS]


def sign(content: bytes, key: Ed25519PrivateKey) -> bytes:
    """The signature of `content`, as its file holds it. The same key and content give the same bytes."""
    made = {
        "algorithm": ALGORITHM,
        "key_id": key_id(key.public_key()),
        "signature": base64.b64encode(key.sign(content)).decode(),
    }
    return json.dumps(made, separators=(", ", ": ")).encode() + b"\n"


def claimed_key_id(signature: bytes) -> str:
    """Who says to have signed, which is not verified. Raises: SignatureInvalid: it is no signature of this form."""
    return _read(signature)[0]


def verify(content: bytes, signature: bytes, keys: PublicKeys) -> str:
    """Returns: the id of the key that made it. Raises: SignatureInvalid: no given key did; it says why."""
    name, raw = _read(signature)
    key = keys.get(name)
    if key is None:
        raise SignatureInvalid(f"it is signed by key {name}, which is none of {', '.join(keys) or 'no keys'}")
    try:
        key.verify(raw, content)
    except InvalidSignature:
        raise SignatureInvalid(f"the signature by key {name} does not fit: one of the two was changed") from None
    return name


def read_public_keys(files: Iterable[Path], in_base64: Iterable[str] = ()) -> PublicKeys:
    """Args: files: PEM.  in_base64: each a key's 32 bytes, or its X.509 form. Raises: ConfigurationError."""
    keys = [*map(load_public_key, files), *map(_from_base64, in_base64)]
    return {key_id(key): key for key in keys}


def _read(signature: bytes) -> tuple[str, bytes]:
    try:
        if len(signature) > MAX_BYTES:
            raise ValueError
        said = json.loads(signature)
        name, text = said["key_id"], said["signature"]
        raw = base64.b64decode(text, validate=True)
        good = said["algorithm"] == ALGORITHM and len(raw) == _SIGNATURE_BYTES and _is_id(name)
    except (ValueError, TypeError, KeyError, RecursionError):
        good = False
    if not good:
        raise SignatureInvalid("the signature is not one: an object with algorithm Ed25519, key_id and signature")
    return name, raw


def _is_id(name: str) -> bool:
    return len(name) == _ID_DIGITS and set(name) <= set("0123456789abcdef")


def _from_base64(text: str) -> Ed25519PublicKey:
    try:
        raw = base64.b64decode(text.strip(), validate=True)
        return Ed25519PublicKey.from_public_bytes(raw.removeprefix(_DER_PREFIX))
    except (ValueError, binascii.Error):
        raise ConfigurationError(["a public key in base64 is not the 32 bytes of an Ed25519 key"]) from None
