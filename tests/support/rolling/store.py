"""The object store as whoever publishes a configuration uses it: a document, and its signature beside it."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.kit.signatures import sign
from tests.support.servers.s3 import S3

BUCKET, KEY = "routeiq", "config.yaml"


class Store:
    """Writes past the door that config-sync has to go through. `key`: signs what is put."""

    def __init__(self, s3: S3, key: Ed25519PrivateKey) -> None:
        self._s3, self._key = s3, key
        s3.bucket(BUCKET)

    def put(self, data: bytes, *, key: Ed25519PrivateKey | None = None) -> None:
        """The document, and first its signature. Args: key: another one than the right one."""
        signed = f"{hashlib.sha256(data).hexdigest()}  {KEY}\n".encode()
        self._s3.put(BUCKET, f"{KEY}.sig", sign(signed, key or self._key))
        self._s3.put(BUCKET, KEY, data)
