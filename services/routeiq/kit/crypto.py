"""Seal secrets for storage: AES-256-GCM, with a key of its own for each purpose.

A purpose's key comes from the master key by HKDF-SHA256 (RFC 5869), so that what was sealed for one purpose does not
open for another; neither does it in another context, which is bound to it as associated data. Several master keys let
one be exchanged: the first seals, all open. Everything fails closed.
"""

from __future__ import annotations

import re
import secrets
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from routeiq.kit import private_files
from routeiq.kit.errors import ConfigurationError, RouteIQError

VERSION = "v1"
KEY_BYTES = 32
NONCE_BYTES = 12
_ID_BYTES = 6
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")


class SealBroken(RouteIQError):
    """Not sealed by us, changed since, sealed for another purpose or context, or by a key that is gone."""

    code = "seal_broken"


class Sealer:
    """For one purpose."""

    def __init__(self, keys: Sequence[bytes], purpose: str) -> None:
        """Args: keys: master keys of 32 bytes or more, the newest first.  Raises: ConfigurationError: none."""
        if not keys:
            raise ConfigurationError([f"there is no encryption key for {purpose}"])
        self._purpose = purpose
        self._keys = {_key_id(key): AESGCM(_derive(key, f"seal/{purpose}", KEY_BYTES)) for key in reversed(keys)}
        self._newest = _key_id(keys[0])

    def seal(self, content: bytes, context: str) -> str:
        """Text of `[A-Za-z0-9_.-]`. Args: context: whose it is, for example a row's id; it opens there alone."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._keys[self._newest].encrypt(nonce, content, self._bound_to(context))
        return f"{VERSION}.{self._newest}.{_text(nonce + sealed)}"

    def open(self, sealed: str, context: str) -> bytes:
        """Raises: SealBroken: with a text that says nothing of what is inside."""
        version, _, rest = sealed.partition(".")
        key_id, _, body = rest.partition(".")
        key = self._keys.get(key_id)
        if version != VERSION or key is None:
            raise SealBroken("it was sealed by a key that is not here")
        try:
            raw = b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
            if _text(raw) != body:  # the last character has bits that nothing reads
                raise SealBroken("the seal is broken")
            return key.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], self._bound_to(context))
        except (ValueError, InvalidTag):
            raise SealBroken("the seal is broken") from None

    def is_old(self, sealed: str) -> bool:
        """Whether another key than the newest sealed it, so that it should be sealed again."""
        return not sealed.startswith(f"{VERSION}.{self._newest}.")

    def _bound_to(self, context: str) -> bytes:
        return f"{VERSION}\0{self._purpose}\0{context}".encode()


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def master_keys(text: str, *, source: str = "ROUTEIQ_ENCRYPTION_KEY") -> tuple[bytes, ...]:
    """The keys of a setting: comma-separated, the newest first, each of 32 bytes or more in hex or base64.

    Raises: ConfigurationError: it names `source`, never a key."""
    keys = tuple(_decoded(one.strip(), source) for one in text.split(",") if one.strip())
    if not keys:
        raise ConfigurationError([f"{source} is not set; `openssl rand -base64 32` makes a key"])
    return keys


def generate() -> str:
    """A fresh master key, as `master_keys` reads it."""
    return urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def load_or_create(path: Path) -> str:
    """The key in `path`, made now, for its owner alone, if there is none. Two processes that race end up with one.

    Raises: ConfigurationError: it cannot be read, or is none."""
    key = generate()
    try:
        private_files.create(path, key.encode() + b"\n")
    except FileExistsError:
        return _load(path)
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot keep the encryption key: {error.strerror or error}"]) from None
    return key


def _load(path: Path) -> str:
    try:
        text = private_files.read(path).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror or error if isinstance(error, OSError) else "it is not one"
        raise ConfigurationError([f"{path}: cannot read the encryption key: {why}"]) from None
    master_keys(text, source=str(path))
    return text


def _decoded(text: str, source: str) -> bytes:
    try:
        key = bytes.fromhex(text) if _HEX.fullmatch(text) else _base64(text)
    except ValueError:
        key = b""
    if len(key) < KEY_BYTES:
        raise ConfigurationError([f"{source} holds no key of {KEY_BYTES} bytes; `openssl rand -base64 32` makes one"])
    if len(set(key)) < KEY_BYTES // 4:
        raise ConfigurationError([f"{source} is not random; `openssl rand -base64 32` makes a key"])
    return key


def _base64(text: str) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9+/_-]+=*", text):
        raise ValueError("not base64")
    bare = text.rstrip("=").replace("+", "-").replace("/", "_")
    return urlsafe_b64decode(bare + "=" * (-len(bare) % 4))


def _key_id(key: bytes) -> str:
    """Tells which key it was, and nothing else about it."""
    return _derive(key, "id", _ID_BYTES).hex()


def _derive(key: bytes, purpose: str, size: int) -> bytes:
    return HKDF(SHA256(), size, salt=None, info=f"routeiq/{VERSION}/{purpose}".encode()).derive(key)
