"""Ed25519 keys as PEM files. A private key is made once, is never overwritten and is never readable by others.

Everything here fails closed: a file that is missing, of another kind, or open to a group or the world raises."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from routeiq.kit import private_files
from routeiq.kit.errors import ConfigurationError


def create_private_key(path: Path) -> Ed25519PrivateKey:
    """Make a key and keep it at `path` with mode 600. The file appears whole or not at all.

    Raises: FileExistsError: there is one already; it stays as it is."""
    key = Ed25519PrivateKey.generate()
    private_files.create(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def load_private_key(path: Path) -> Ed25519PrivateKey:
    """Raises: ConfigurationError: not there, not a private Ed25519 key, or open to others than its owner."""
    try:
        key = load_pem_private_key(private_files.read(path), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigurationError([f"{path}: cannot read a private key: {_why(error)}"]) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError([f"{path}: holds a private key that is not Ed25519"])
    return key


def load_or_create_private_key(path: Path) -> Ed25519PrivateKey:
    """The key at `path`, made now if there is none. Two processes that race end up with the same one."""
    try:
        return create_private_key(path)
    except FileExistsError:
        return load_private_key(path)


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Raises: ConfigurationError: not there, or not a public Ed25519 key in PEM."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError([f"{path}: cannot read a public key: {_why(error)}"]) from None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError([f"{path}: holds a public key that is not Ed25519"])
    return key


def save_public_key(path: Path, key: Ed25519PublicKey) -> None:
    """Put the public half where other services can read it, in one step, over whatever stands there."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as stream:
        draft = Path(stream.name)
        stream.write(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    try:
        draft.chmod(0o644)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _why(error: Exception) -> str:
    """A reason without key material: the libraries' own texts stay out except for the file system's."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "not an unencrypted PEM key"
