"""The keys that a fleet follows, brought into agreement with the leader's record. Every write compares and sets.

A leader that was replaced changes nothing: its record has another revision, and a key with a later wish stays as it
is, as far as the record knows of that wish. What is no wish, or nobody's, was written by another program: it counts as
nothing and is written over.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import msgspec
import structlog
from google.protobuf.message import DecodeError

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.clients.fleet_names import CANARY, DESIRED, ROLLOUT
from routeiq.config_sync.record import Record, Release, Wish, pack, unpack
from routeiq.kit.bus_keys import Entry, KeyChanged, KeyExists
from routeiq.kit.errors import RouteIQError

log = structlog.get_logger()


class Stale(RouteIQError):
    """Somebody has gone on from there: read it again."""

    code = "stale_rollout"


class Keys(Protocol):
    """A bucket of keys, as `kit.bus_keys` has them."""

    async def get(self, key: str) -> Entry | None: ...

    async def create(self, key: str, value: bytes) -> int: ...

    async def update(self, key: str, value: bytes, revision: int) -> int: ...

    async def delete(self, key: str, revision: int | None = None) -> None: ...


class Stored(NamedTuple):
    """`revision` 0: there is none yet. `lost`: there is none that can be read."""

    record: Record
    revision: int
    lost: bool = False


class FleetStore:
    """Of the bucket `routeiq-fleet`. Raises: Unavailable: NATS is away."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    async def read(self) -> Stored:
        entry = await self._keys.get(ROLLOUT)
        if entry is None:
            return Stored(Record(), 0, lost=True)
        try:
            return Stored(unpack(entry.value), entry.revision)
        except msgspec.MsgspecError:
            log.error("fleet.unreadable", key=ROLLOUT)
            return Stored(Record(), entry.revision, lost=True)

    async def wanted(self) -> Wish | None:
        """What is wanted of all, as replicas read it."""
        said = _wanted(DESIRED, await self._keys.get(DESIRED))
        return Wish(release_of(said.release), said.wish) if said and said.release.number else None

    async def write(self, record: Record, revision: int) -> None:
        """Args: revision: of the one that was read.  Raises: Stale."""
        await self._set(ROLLOUT, pack(record), revision)

    async def agree(self, record: Record) -> None:
        """`desired` and `canary` as the record has them. In this order: who tried a release must not fall back on the
        last one before all are to have it. Raises: Stale."""
        await self._want(DESIRED, record.desired, record.wish)
        await self._want(CANARY, record.canary, record.wish)

    async def _want(self, key: str, wanted: Wish | None, latest: int) -> None:
        entry = await self._keys.get(key)
        said = _wanted(key, entry)
        if said and said.wish > (wanted.wish if wanted else latest) and await self._knows(said.wish):
            raise Stale(f"`{key}` has a later wish")
        if wanted:
            message = wanted_message(wanted)
            if message != said:
                await self._set(key, message.SerializeToString(), entry.revision if entry else 0)
        elif entry:
            await self._delete(key, entry.revision)

    async def _knows(self, wish: int) -> bool:
        """Whether the record as it stands may have come to it: a leader writes that before it writes a key."""
        return (await self.read()).record.wish >= wish

    async def _set(self, key: str, value: bytes, revision: int) -> None:
        try:
            await (self._keys.update(key, value, revision) if revision else self._keys.create(key, value))
        except (KeyChanged, KeyExists):
            raise Stale(f"`{key}` was written by another") from None

    async def _delete(self, key: str, revision: int) -> None:
        try:
            await self._keys.delete(key, revision)
        except KeyChanged:
            raise Stale(f"`{key}` was written by another") from None


def wanted_message(wanted: Wish) -> pb.Wanted:
    """As replicas read it."""
    return pb.Wanted(release=release_message(wanted.release), replicas=wanted.replicas, wish=wanted.wish)


def _wanted(key: str, entry: Entry | None) -> pb.Wanted | None:
    """None: there is none that can be read."""
    try:
        return pb.Wanted.FromString(entry.value) if entry else None
    except DecodeError:
        log.error("fleet.unreadable", key=key)
        return None


def release_of(said: pb.Release) -> Release:
    """The other way round."""
    return Release(
        number=said.number, document=said.document, artifact=said.artifact, config_version=said.config_version,
        source=said.source, etag=said.etag, created_ms=said.created_ms, created_by=said.created_by,
        needs_restart=tuple(said.needs_restart),
    )  # fmt: skip


def release_message(release: Release) -> pb.Release:
    return pb.Release(
        number=release.number, document=release.document, artifact=release.artifact,
        config_version=release.config_version, source=release.source, etag=release.etag,
        created_ms=release.created_ms, created_by=release.created_by, needs_restart=release.needs_restart,
    )  # fmt: skip
