"""Whose artifacts a service loads. With a key, those alone that one of the keys has signed; without one, unsigned ones
where the settings allow them. What the signature covers is the manifest, which names the hash of everything else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from routeiq.kit.regular_files import open_regular
from routeiq.kit.signatures import MAX_BYTES, SignatureInvalid, verify
from routeiq.routing.artifact.manifest import SIGNATURE_FILE, Manifest


@dataclass(frozen=True, slots=True)
class Trust:
    """keys: by their ids.  allow_unsigned: without a key, load what nobody has signed, or somebody unknown has."""

    keys: Mapping[str, Ed25519PublicKey] = field(default_factory=lambda: MappingProxyType({}))
    allow_unsigned: bool = True

    def refusals(self, directory: Path, manifest: Manifest) -> list[str]:
        """Why an artifact may not be loaded; empty: it may. Reads its signature."""
        try:
            signature = read_signature(directory)
        except OSError as error:
            return [f"{SIGNATURE_FILE} cannot be read: {error.strerror}"]
        if not self.keys:
            return [] if self.allow_unsigned else [_without_key(signature)]
        if signature is None:
            return ["it is not signed"]
        try:
            verify(manifest.canonical(), signature, self.keys)
        except SignatureInvalid as error:
            return [f"{SIGNATURE_FILE}: {error.message}"]
        return []


def read_signature(directory: Path) -> bytes | None:
    """None: there is none. Raises: OSError: there is, and it cannot be read."""
    try:
        with open_regular(directory / SIGNATURE_FILE) as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None


def _without_key(signature: bytes | None) -> str:
    return "it is not signed" if signature is None else "its signature cannot be verified: no public key is configured"
