"""The suite's folder: its lock, its secrets (mode 600) and where its services listen.

One suite at a time may use a folder; the lock goes with the process, also by kill -9.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.kit import crypto, private_files
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.key_files import load_or_create_private_key, save_public_key
from routeiq.kit.master_key import KeptKey, load, load_or_create, refuse_well_known

log = structlog.get_logger()

DEFAULT = Path(".routeiq")


def master_key_path(data_dir: Path) -> Path:
    """Where a suite keeps its master key."""
    return data_dir / "master.key"


def service_key_path(data_dir: Path) -> Path:
    """Where it keeps the key of the LLM Gateway API."""
    return data_dir / "service.key"


class DataDir:
    """A folder that this process owns while it runs. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.identity_key = self.path / "identity.key"
        self.identity_public = self.path / "identity.pub"
        self.master_key = master_key_path(self.path)
        self.service_key = service_key_path(self.path)
        self.encryption_key = self.path / "encryption.key"
        self.control_database = self.path / "control.db"
        self.endpoints = self.path / "endpoints.json"
        self._lock: int | None = None

    def __enter__(self) -> DataDir:
        """Raises ConfigurationError when the folder cannot be written or another suite runs in it."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigurationError([f"Cannot use {self.path} as data directory: {error.strerror}"]) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise ConfigurationError(
                [f"The data directory {self.path} is in use by another suite. Stop it, or name another: --data-dir."]
            ) from None
        self.endpoints.unlink(missing_ok=True)
        self._warn_if_open()
        return self

    def _warn_if_open(self) -> None:
        """Say it, once. It is not ours to close: somebody may have named /tmp."""
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if mode & 0o077:
            log.warning("data_dir.open_to_others", path=str(self.path), mode=f"{mode:03o}", advice="chmod 700")

    def __exit__(self, *exc: object) -> None:
        self.endpoints.unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)

    def identity(self) -> Ed25519PrivateKey:
        """The key that signs what services say to each other; made at the first start."""
        key = load_or_create_private_key(self.identity_key)
        save_public_key(self.identity_public, key.public_key())
        return key

    def keep_encryption_key(self) -> str:
        """What secrets are sealed with; made at the first start. Without it those that are stored are lost."""
        return crypto.load_or_create(self.encryption_key)

    def keep_service_key(self) -> str:
        """The LLM Gateway API's, where SERVICE_KEYS names none; made at the first start."""
        return load_or_create(self.service_key, what="service key").key

    def keep_master_key(self, given: str | None) -> KeptKey:
        """The key to serve with: `given` (which is kept from now on), else the kept one, else a new one."""
        if given is None:
            return load_or_create(self.master_key)
        refuse_well_known(given)
        if not self.master_key.exists() or load(self.master_key) != given:
            self.master_key.unlink(missing_ok=True)
            private_files.create(self.master_key, given.encode() + b"\n")
        return KeptKey(given, created=False)

    def write_endpoints(self, addresses: Mapping[str, str]) -> None:
        """Service name -> address, in one step: a reader sees all of it or no file."""
        descriptor, draft = tempfile.mkstemp(dir=self.path, prefix=".endpoints.")
        with os.fdopen(descriptor, "w") as file:
            json.dump(dict(addresses), file, indent=2)
        os.replace(draft, self.endpoints)
