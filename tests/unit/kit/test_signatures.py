"""Detached signatures: what fits, what does not, and what is said of it."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from routeiq.kit.errors import ConfigurationError
from routeiq.kit.key_files import save_public_key
from routeiq.kit.signatures import SignatureInvalid, claimed_key_id, key_id, read_public_keys, sign, verify

CONTENT = b'{"artifact_id":"1"}'
KEY = Ed25519PrivateKey.generate()
STRANGER = Ed25519PrivateKey.generate()
KEYS = {key_id(KEY.public_key()): KEY.public_key()}


def test_a_signature_verifies_and_names_its_key() -> None:
    made = sign(CONTENT, KEY)
    assert verify(CONTENT, made, KEYS) == claimed_key_id(made) == key_id(KEY.public_key())
    assert made == sign(CONTENT, KEY)


def test_other_bytes_are_refused() -> None:
    with pytest.raises(SignatureInvalid, match="does not fit"):
        verify(CONTENT + b" ", sign(CONTENT, KEY), KEYS)


def test_a_strangers_signature_is_refused() -> None:
    with pytest.raises(SignatureInvalid, match="which is none of"):
        verify(CONTENT, sign(CONTENT, STRANGER), KEYS)


def test_a_stranger_with_the_id_of_a_key_is_refused() -> None:
    made = json.loads(sign(CONTENT, STRANGER)) | {"key_id": key_id(KEY.public_key())}
    with pytest.raises(SignatureInvalid, match="does not fit"):
        verify(CONTENT, json.dumps(made).encode(), KEYS)


def test_without_keys_nothing_verifies() -> None:
    with pytest.raises(SignatureInvalid, match="no keys"):
        verify(CONTENT, sign(CONTENT, KEY), {})


@pytest.mark.parametrize(
    "change",
    [
        {"algorithm": "none"},
        {"key_id": "../../etc/passwd"},
        {"key_id": 7},
        {"signature": ""},
        {"signature": "!" * 88},
        {"signature": b64encode(b"x" * 63).decode()},
    ],
)
def test_what_is_no_signature_is_refused(change: dict[str, object]) -> None:
    made = json.loads(sign(CONTENT, KEY)) | change
    with pytest.raises(SignatureInvalid, match="not one"):
        verify(CONTENT, json.dumps(made).encode(), KEYS)


@pytest.mark.parametrize("file", [b"", b"{}", b"[1]", b"null", b"\xff", b"[" * 4000, b" " * 5000])
def test_what_is_no_object_is_refused(file: bytes) -> None:
    with pytest.raises(SignatureInvalid, match="not one"):
        claimed_key_id(file)


def test_public_keys_come_from_files_and_base64(tmp_path: Path) -> None:
    save_public_key(tmp_path / "key.pub", KEY.public_key())
    other = STRANGER.public_key()
    der = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert read_public_keys([tmp_path / "key.pub"]).keys() == KEYS.keys()
    for form in (other.public_bytes_raw(), der):
        assert list(read_public_keys([], [b64encode(form).decode()])) == [key_id(other)]


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", b64encode(b"x" * 33).decode()])
def test_what_is_no_key_is_a_configuration_error(text: str) -> None:
    with pytest.raises(ConfigurationError, match="32 bytes"):
        read_public_keys([], [text])
