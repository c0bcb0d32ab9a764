"""Bytes of any size under names, for everybody on a bus: JetStream's object stores.

An object is pieces and, written last, a note that names them: what a writer has left halfway is no object. Pieces go
one by one and what takes long is done in threads, so that an object of any size holds up nobody else.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

import structlog

from routeiq.kit.bus import Bus, BusUnavailable
from routeiq.kit.bus_store import EXPECTED, Store, Stored, WrongSequence
from routeiq.kit.errors import NotFound

log = structlog.get_logger()

PIECE_BYTES = 128 * 1024
REPLACES = {"Nats-Rollup": "sub"}
DIGEST = "SHA-256="
ATTEMPTS = 3
ABANDONED_S = 3600.0
"""After so long without another piece a writer is no more. Clocks of servers and clients differ by less."""


class ObjectMissing(NotFound):
    """There is none of that name, or not all of it."""

    code = "object_missing"


class _Note(NamedTuple):
    """What the store says of an object. Layout: ADR-20 of NATS."""

    nuid: str
    size: int
    chunks: int
    digest: str


class ObjectBucket:
    """One store, over a bus that somebody else starts and closes. It is made where it lacks; one that is there is left
    as its operator made it.

    Every call raises BusUnavailable where there is no connection, or one of its pieces got no answer within seconds.
    The pieces of a writer that was killed take up room until somebody sweeps, and are in nobody's way."""

    def __init__(self, bus: Bus, name: str) -> None:
        self.name = name
        self._pieces, self._notes = f"$O.{name}.C.", f"$O.{name}.M."
        self._store = Store(bus, f"OBJ_{name}", [f"{self._pieces}>", f"{self._notes}>"])

    async def put(self, name: str, data: bytes) -> None:
        """Others see the former object of that name, or none, until all of this one is there. What is there already is
        not sent again. If the last answer is lost, it may be there."""
        await self._set(name, data, replace=True)

    async def add(self, name: str, data: bytes) -> None:
        """As `put`, but a whole object of that name stays, also one that comes meanwhile."""
        await self._set(name, data, replace=False)

    async def get(self, name: str) -> bytes:
        """Raises: ObjectMissing: also if its bytes are not those that were put."""
        for _ in range(ATTEMPTS):  # it may be replaced while it is read
            note = await self._note(name)
            if note is None:
                raise ObjectMissing(f"there is no {name} in {self.name}")
            pieces = [piece async for piece in self._read(note)]
            if await _digest(pieces) == note.digest:
                return await asyncio.to_thread(b"".join, pieces)
        log.warning("bus.object_broken", bucket=self.name, name=name)
        raise ObjectMissing(f"not all of {name} is in {self.name}")

    async def exists(self, name: str) -> bool:
        """All of it."""
        note = await self._note(name)
        return note is not None and await self._is_whole(note)

    async def names(self) -> list[str]:
        """In order."""
        subjects = await self._store.counts(f"{self._notes}*")
        names = (_name(subject.removeprefix(self._notes)) for subject in subjects)
        return sorted(name for name in names if name is not None)

    async def delete(self, name: str) -> None:
        """Also one that is not there."""
        note = await self._note(name)
        await self._store.purge(self._subject(name))
        await self._drop(note)

    async def sweep(self, older_s: float = ABANDONED_S) -> int:
        """Clear away what killed writers have left: pieces that no object names, the last of which is older than that.
        Returns: of how many writers."""
        written = await self._store.counts(f"{self._pieces}*")
        notes = [await self._note(name) for name in await self.names()] if written else []
        unnamed = written.keys() - {self._pieces + note.nuid for note in notes if note}
        left = [subject for subject in unnamed if await self._is_older(subject, older_s)]
        for subject in left:
            await self._store.purge(subject)
            log.info("bus.swept", bucket=self.name, pieces=written[subject])
        return len(left)

    async def _set(self, name: str, data: bytes, *, replace: bool) -> None:
        digest = await _digest([data])
        for _ in range(ATTEMPTS):
            found = await self._store.last(self._subject(name))
            former = _noted(found)
            if former is not None and (former.digest == digest or not replace) and await self._is_whole(former):
                return
            note = await self._put_pieces(data, digest)
            if await self._put_note(name, note, found.sequence if found else 0):
                await self._drop(former)
                return
            await self._drop(note)
        raise BusUnavailable(f"others put {name} at the same time")

    async def _is_older(self, subject: str, seconds: float) -> bool:
        last = await self._store.last(subject)
        return last is not None and 0 < last.at < time.time() - seconds

    async def _note(self, name: str) -> _Note | None:
        return _noted(await self._store.last(self._subject(name)))

    async def _put_pieces(self, data: bytes, digest: str) -> _Note:
        note = _Note(secrets.token_hex(11), len(data), -(-len(data) // PIECE_BYTES), digest)
        try:
            for start in range(0, len(data), PIECE_BYTES):
                await _to_its_end(self._store.publish(self._pieces + note.nuid, data[start : start + PIECE_BYTES]))
        except BaseException:
            await self._drop(note)
            raise
        return note

    async def _put_note(self, name: str, note: _Note, instead_of: int) -> bool:
        """Returns: False: somebody has put or deleted the object since it was looked at."""
        headers = {**REPLACES, EXPECTED: str(instead_of)}
        try:
            await self._store.publish(self._subject(name), self._described(name, note), headers)
        except WrongSequence:
            return False
        return True

    async def _read(self, note: _Note) -> AsyncIterator[bytes]:
        """Its pieces, as far as they are there."""
        sequence = 0
        for _ in range(note.chunks):
            found = await self._store.following(self._pieces + note.nuid, sequence + 1)
            if found is None:
                return
            sequence = found.sequence
            yield found.data

    async def _is_whole(self, note: _Note) -> bool:
        subject = self._pieces + note.nuid
        return (await self._store.counts(subject)).get(subject, 0) == note.chunks

    async def _drop(self, note: _Note | None) -> None:
        """Its pieces. Should it fail, they are in nobody's way."""
        if note is None:
            return
        with suppress(BusUnavailable):
            await self._store.purge(self._pieces + note.nuid)

    def _subject(self, name: str) -> str:
        return self._notes + base64.urlsafe_b64encode(name.encode()).decode()

    def _described(self, name: str, note: _Note) -> bytes:
        options = {"max_chunk_size": PIECE_BYTES}
        told = {"name": name, "bucket": self.name, "mtime": datetime.now(UTC).isoformat(), "options": options}
        return json.dumps(told | note._asdict()).encode()


async def _to_its_end(sending: Coroutine[None, None, object]) -> None:
    """Also for who is cancelled meanwhile: what is cleared away before it has arrived comes back."""
    task = asyncio.ensure_future(sending)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


def _noted(found: Stored | None) -> _Note | None:
    """None: there is no object, or one that another program has deleted, or what stands there is no note."""
    try:
        told = json.loads(found.data) if found is not None else None
    except ValueError:
        return None
    if not isinstance(told, dict) or told.get("deleted"):
        return None
    note = _Note(told.get("nuid", ""), told.get("size", 0), told.get("chunks", 0), told.get("digest", ""))
    return note if [type(one) for one in note] == [str, int, int, str] and note.nuid else None


def _name(token: str) -> str | None:
    """None: nobody who keeps to the layout has named it."""
    try:
        return base64.urlsafe_b64decode(token).decode()
    except ValueError:
        return None


async def _digest(pieces: Sequence[bytes]) -> str:
    def digest() -> str:
        hashed = hashlib.sha256()
        for piece in pieces:
            hashed.update(piece)
        return DIGEST + base64.urlsafe_b64encode(hashed.digest()).decode()

    return await asyncio.to_thread(digest)
