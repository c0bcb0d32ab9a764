"""Read a document with all that goes with it from a place, as one bundle, if anything of it has changed.

Each file is asked for only if it is no longer what it was, and what is included counts like the document itself. Files
are read one after the other: put what is included in its place first, the document last.

**Signatures.** As soon as public keys are configured, the file `<document>.sig` must be there, made by one of them
(`kit.signatures`; `routeiq sign` makes it). Signed is one line for each file of the bundle, as `sha256sum` prints it,
in the order of the names: `<sha256 in hex>  <name relative to the document's folder>` and a line feed. So nobody can
change, add or take away an included file, and an older document with its own signature is all else that is accepted.

**Checksums.** An object whose metadata say `sha256` must have that one (in `objects`).
"""

from __future__ import annotations

import asyncio
import hashlib
import posixpath
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from routeiq.config.bundle import MAX_BUNDLE_BYTES, Bundle
from routeiq.config.files import MAX_BYTES, text_of
from routeiq.config.gather import Gathering, Wanted
from routeiq.config_sync.sources.place import Content, Place, SourceFailed, too_large
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.signatures import MAX_BYTES as MAX_SIGNATURE_BYTES
from routeiq.kit.signatures import PublicKeys, SignatureInvalid, verify

SIGNATURE = ".sig"
TIMEOUT_S = 30.0
_AT_ONCE = 8
Contents = dict[str, Content | None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document as it was read. `etag` stands for all of its files; `folder`: where its relative paths begin, if it is
    a file of this machine; `signed_by`: the id of the key; empty: no signature was asked for."""

    bundle: Bundle
    etag: str
    folder: Path | None = None
    signed_by: str = ""


class Source(Protocol):
    @property
    def kind(self) -> str: ...

    @property
    def name(self) -> str: ...

    async def fetch(self, known_etag: str | None, *, force: bool = False) -> Fetched | None:
        """The document; None: its etag is `known_etag`. With `force` all is read, and it is never None.

        Raises: SourceFailed, SignatureInvalid, ConfigurationError: with messages for administrators."""

    async def changed(self) -> None:
        """Returns when there may be something new; may never."""

    async def close(self) -> None:
        """After the last reading."""


class DocumentSource:
    """A place and what is expected of it. Args: folder: see `Fetched`."""

    def __init__(
        self,
        place: Place,
        keys: PublicKeys,
        *,
        timeout_s: float = TIMEOUT_S,
        folder: Callable[[], Path] | None = None,
    ) -> None:
        self._place, self._keys, self._timeout_s, self._folder = place, keys, timeout_s, folder
        self._kept: Contents = {}
        self._last: Fetched | None = None
        self._one_at_a_time = asyncio.Lock()

    @property
    def kind(self) -> str:
        return self._place.kind

    @property
    def name(self) -> str:
        return self._place.name

    async def changed(self) -> None:
        await self._place.changed()

    async def close(self) -> None:
        await self._place.close()

    async def fetch(self, known_etag: str | None, *, force: bool = False) -> Fetched | None:
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(self._timeout_s):
                    fetched = await self._fetch(force)
            except TimeoutError:
                raise SourceFailed(f"{self.name}: did not answer within {self._timeout_s:g} s") from None
        return None if fetched.etag == known_etag and not force else fetched

    def to_sign(self) -> bytes:
        """Of the document that was read last, what its signature is of."""
        files = self._last.bundle.files if self._last else ()
        return sums(self._place.main, {name: self._kept[name] for name in files})

    async def _fetch(self, force: bool) -> Fetched:
        await self._place.begin()
        reading = _Reading(self._place, {} if force else self._kept)
        if self._last and not force and await reading.all_as_before():
            return self._last
        self._last = None
        bundle = await self._gathered(reading)
        signed_by = await self._verified(reading)
        folder = await asyncio.to_thread(self._folder) if self._folder else None
        if not await self._place.steady():
            raise SourceFailed(f"{self.name}: was changed while it was read")
        self._kept = reading.asked
        self._last = Fetched(bundle, etag_of(self._place.main, self._kept), folder, signed_by)
        return self._last

    async def _gathered(self, reading: _Reading) -> Bundle:
        main = self._place.main
        content = await reading.one(main)
        if content is None:
            raise SourceFailed(f"{self.name}: is not there")
        gathering = await asyncio.to_thread(lambda: Gathering(main, text_of(content.data, main)))
        while wanted := await asyncio.to_thread(gathering.open):
            allowed = [one for one in wanted if not self._refused(one, gathering)]
            found = await reading.all(one.name for one in allowed)
            for one in allowed:
                await asyncio.to_thread(_take, one, found[one.name], gathering)
        return await asyncio.to_thread(gathering.bundle)

    def _refused(self, wanted: Wanted, gathering: Gathering) -> bool:
        refusal = self._place.refusal(wanted)
        if refusal:
            gathering.fail(wanted, f"{wanted.name}: {refusal}")
        return refusal is not None

    async def _verified(self, reading: _Reading) -> str:
        """Returns: whose key it was. Raises: SignatureInvalid."""
        if not self._keys:
            return ""
        name = self._place.main + SIGNATURE
        signed = await asyncio.to_thread(sums, self._place.main, dict(reading.asked))
        signature = await reading.one(name, MAX_SIGNATURE_BYTES)
        if signature is None:
            raise SignatureInvalid(f"{name}: is not there, and only signed documents are accepted here")
        try:
            return verify(signed, signature.data, self._keys)
        except SignatureInvalid as invalid:
            raise SignatureInvalid(f"{name}: {invalid.message}") from None


@dataclass(slots=True)
class _Reading:
    """Of one poll. `kept`: what the last one has read."""

    place: Place
    kept: Contents
    asked: Contents = field(default_factory=dict)
    """What belongs to the document, as it is now."""
    _seen: Contents = field(default_factory=dict)
    """With what no longer belongs to it."""

    async def one(self, name: str, limit: int = MAX_BYTES) -> Content | None:
        self.asked[name] = await self._read(name, limit)
        if sum(len(content.data) for content in self.asked.values() if content) > MAX_BUNDLE_BYTES:
            raise too_large(f"{self.place.name} with what goes with it", MAX_BUNDLE_BYTES)
        return self.asked[name]

    async def all(self, names: Iterable[str]) -> Contents:
        await _some_at_a_time(self.one, names)
        return self.asked

    async def all_as_before(self) -> bool:
        await _some_at_a_time(self._read, self.kept)
        return all(self._seen[name] is content for name, content in self.kept.items())

    async def _read(self, name: str, limit: int = MAX_BYTES) -> Content | None:
        if name not in self._seen:
            self._seen[name] = await self.place.read(name, self.kept.get(name), limit)
        return self._seen[name]


async def _some_at_a_time(read: Callable[[str], Awaitable[object]], names: Iterable[str]) -> None:
    """After a failure nothing more is begun."""
    left = list(dict.fromkeys(names))
    while some := left[:_AT_ONCE]:
        left = left[_AT_ONCE:]
        for answer in await asyncio.gather(*map(read, some), return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer


def _take(wanted: Wanted, content: Content | None, gathering: Gathering) -> None:
    if content is None:
        gathering.fail(wanted, f"{wanted.name}: is not there")
        return
    try:
        gathering.add(wanted, text_of(content.data, wanted.name))
    except ConfigurationError as unreadable:
        gathering.fail(wanted, unreadable.problems[0])


def etag_of(main: str, seen: Mapping[str, Content | None]) -> str:
    """The document's version; with a hash of the others' behind it, where there are others."""
    own = seen[main]
    others = {name: content.version if content else None for name, content in sorted(seen.items()) if name != main}
    behind = f"+{hashlib.sha256(repr(others).encode()).hexdigest()[:12]}" if others else ""
    return f"{own.version if own else ''}{behind}"


def sums(main: str, contents: Mapping[str, Content | None]) -> bytes:
    """What is signed of a document with these files."""
    folder = posixpath.dirname(main)
    lines = {
        _relative(name, folder): hashlib.sha256(content.data).hexdigest()
        for name, content in contents.items()
        if content is not None
    }
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(lines.items())).encode()


def _relative(name: str, folder: str) -> str:
    if posixpath.isabs(name) != posixpath.isabs(folder):
        return name
    return posixpath.relpath(name, folder or ".")
