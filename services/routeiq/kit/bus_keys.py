"""Values under keys that everybody on a bus sees: JetStream's key-value buckets.

A value is read as it was written last; who changes one can make sure that nobody has changed it since; and who watches
knows all that a bucket holds, however late it came and whatever it missed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, NoReturn

from routeiq.kit.bus import Bus
from routeiq.kit.bus_store import EXPECTED, Storage, Store, Stored, WrongSequence
from routeiq.kit.bus_watch import Watch
from routeiq.kit.errors import RouteIQError

OPERATION, MARKER = "KV-Operation", "Nats-Marker-Reason"
"""Headers of a message that says that there is no value: who deleted it, or the server, as it lapsed. ADR-8, ADR-43."""
DELETED = "DEL"


class BucketSpec(NamedTuple):
    """Args: name: letters, digits, `-` and `_`.  ttl_s: how long after it was put a value lapses; 0: never.  storage:
    what is in memory is lost when the server ends."""

    name: str
    ttl_s: float = 0
    storage: Storage = "file"


class Entry(NamedTuple):
    """A value. Each change gives its key a greater revision, also after the bucket was lost and made again."""

    value: bytes
    revision: int


class KeyExists(RouteIQError):
    """Somebody has created it."""

    status, type, code = 409, "conflict_error", "key_exists"


class KeyChanged(RouteIQError):
    """Somebody has changed or deleted it since, or it lapsed."""

    status, type, code = 409, "conflict_error", "key_changed"


Told = Callable[[Mapping[str, Entry]], None]


class KeyBucket:
    """One bucket, over a bus that somebody else starts and closes. It is made where it lacks; one that is there is left
    as its operator made it.

    Every call raises BusUnavailable where there is no connection, or no answer within seconds; a change whose answer
    was lost may have been made. Keys are letters, digits and any of `-_/=.`."""

    def __init__(self, bus: Bus, spec: BucketSpec) -> None:
        self.name = spec.name
        self._bus, self._root = bus, f"$KV.{spec.name}."
        self._store = Store(
            bus, f"KV_{spec.name}", [f"{self._root}>"], newest=1, max_age_s=spec.ttl_s, storage=spec.storage
        )

    async def get(self, key: str) -> Entry | None:
        """None: there is none, or it was deleted, or lapsed."""
        found = await self._store.last(self._root + key)
        return None if found is None or _is_gone(found) else Entry(found.data, found.sequence)

    async def put(self, key: str, value: bytes) -> int:
        """Returns: its revision."""
        return await self._store.publish(self._root + key, value)

    async def create(self, key: str, value: bytes) -> int:
        """Returns: its revision. Raises: KeyExists."""
        try:
            found = await self._store.last(self._root + key)
            if found is not None and not _is_gone(found):
                raise KeyExists(f"{key} is there already")
            return await self._change(key, value, found.sequence if found else 0)
        except WrongSequence:
            raise KeyExists(f"{key} was created by another") from None

    async def update(self, key: str, value: bytes, revision: int) -> int:
        """Put it if its revision is still that one. Returns: the new one. Raises: KeyChanged."""
        try:
            return await self._change(key, value, revision)
        except WrongSequence:
            raise KeyChanged(f"{key} was changed by another") from None

    async def delete(self, key: str, revision: int | None = None) -> None:
        """Also one that is not there. Args: revision: only if it is still that one. Raises: KeyChanged: it is not."""
        headers = {OPERATION: DELETED} if revision is None else {OPERATION: DELETED, EXPECTED: str(revision)}
        try:
            await self._store.publish(self._root + key, b"", headers)
        except WrongSequence:
            raise KeyChanged(f"{key} was changed by another") from None

    async def entries(self) -> dict[str, Entry]:
        """All that it holds now, by key."""
        watch = self._watch()
        try:
            return self._entries(await watch.first())
        finally:
            await watch.close()

    async def watch(self, told: Told) -> NoReturn:
        """Until it is cancelled: call `told` with all that the bucket holds, by key, once that is known, and again
        after each change, be it a put, a deletion or a lapse. Changes at once may be told at once.

        It waits out what there is to wait for. While there is no connection nothing is told; after each connection the
        whole, if it differs. Of a bucket that was lost it is told that it is empty. A `told` that raises is logged, and
        called again at the next change. NATS 2.11 and later tell of lapses at once, older ones with the next connection
        only."""
        watch = self._watch()
        try:
            await watch.run(lambda stored: told(self._entries(stored)))
        finally:
            await watch.close()

    def _watch(self) -> Watch:
        return Watch(self._bus, self._store, f"{self._root}>", _is_gone)

    async def _change(self, key: str, value: bytes, sequence: int) -> int:
        return await self._store.publish(self._root + key, value, {EXPECTED: str(sequence)})

    def _entries(self, stored: Mapping[str, Stored]) -> dict[str, Entry]:
        start = len(self._root)
        return {subject[start:]: Entry(one.data, one.sequence) for subject, one in stored.items()}


def _is_gone(message: Stored) -> bool:
    return OPERATION in message.headers or MARKER in message.headers
