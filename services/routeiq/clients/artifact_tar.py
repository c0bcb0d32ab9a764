"""A router artifact as one uncompressed tar, which is what the object store holds under the artifact's id.

The same artifact gives the same bytes: the manifest in canonical form, then its signature if it has one, then the files
in the order of their paths, each with a ustar header (POSIX.1-1988) that says nothing but name and size. Only exactly
that is read back: no link, no device, no other owner, nothing between or behind, no name that leaves its folder.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping

from routeiq.clients.artifact_limits import MAX_FILES, MAX_TAR_BYTES
from routeiq.clients.artifact_parts import (
    MANIFEST,
    SIGNATURE,
    Content,
    Parts,
    PartsInvalid,
    assemble,
    is_plain_path,
)

BLOCK = 512
MEDIA_TYPE = "application/x-tar"


def pack(parts: Parts) -> bytes:
    """Raises: PartsInvalid: a path is too long for a tar."""
    entries: dict[str, Content] = {MANIFEST: parts.manifest}
    if parts.signature is not None:
        entries[SIGNATURE] = parts.signature
    entries |= dict(sorted(parts.files.items()))
    pieces = [piece for name, content in entries.items() for piece in (_header(name, len(content)), *_padded(content))]
    return b"".join([*pieces, bytes(2 * BLOCK)])


def unpack(tar: bytes) -> Parts:
    """The artifact, whose files are views of `tar`. Raises: PartsInvalid: not one as `pack` makes it."""
    if len(tar) > MAX_TAR_BYTES:
        raise PartsInvalid([f"it has {len(tar)} bytes, over the limit of {MAX_TAR_BYTES}"])
    entries: dict[str, Content] = {}
    for name, content in _entries(tar):
        if name in entries or len(entries) > MAX_FILES + 2:
            raise PartsInvalid([f"{name} is in it twice, or it has more than {MAX_FILES} files"])
        entries[name] = content
    expected = [name for name in (MANIFEST, SIGNATURE) if name in entries]
    expected += sorted(entries.keys() - set(expected))
    if list(entries) != expected or MANIFEST not in entries:
        raise PartsInvalid([f"its entries are not {MANIFEST}, {SIGNATURE} and the files in the order of their paths"])
    return _assembled(entries)


def _assembled(entries: dict[str, Content]) -> Parts:
    manifest = bytes(entries.pop(MANIFEST))
    signature = bytes(entries.pop(SIGNATURE)) if SIGNATURE in entries else None

    def contents(sizes: Mapping[str, int]) -> dict[str, Content]:
        return entries

    parts = assemble(manifest, signature, contents)
    if parts.manifest != manifest:
        raise PartsInvalid([f"{MANIFEST} is not in canonical form"])
    return parts


def _entries(tar: bytes) -> Iterator[tuple[str, memoryview]]:
    """Name and content of each. Raises: PartsInvalid."""
    view, at = memoryview(tar), 0
    while any(block := tar[at : at + BLOCK]):
        name, size = _read_header(block)
        end = at + BLOCK + size
        if end > len(tar):
            raise PartsInvalid([f"{name} is cut off"])
        yield name, view[at + BLOCK : end]
        at = end + -size % BLOCK
        if any(tar[end:at]):
            raise PartsInvalid([f"something stands behind {name}"])
    if tar[at:] != bytes(2 * BLOCK):
        raise PartsInvalid(["it does not end as a tar does"])


def _read_header(block: bytes) -> tuple[str, int]:
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError):
        raise PartsInvalid(["it is not an uncompressed tar"]) from None
    name = ascii(info.name)
    if info.type != tarfile.REGTYPE:
        raise PartsInvalid([f"{name} is not a plain file"])
    if not is_plain_path(info.name):
        raise PartsInvalid([f"{name} is not a relative path inside the artifact"])
    if info.size < 0 or block != _header(info.name, info.size):
        raise PartsInvalid([f"{name} has a header that says more than name and size"])
    return info.name, info.size


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    try:
        return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")
    except ValueError:
        raise PartsInvalid([f"the path {name} is too long for a tar"]) from None


def _padded(content: Content) -> tuple[Content, bytes]:
    return content, bytes(-len(content) % BLOCK)
