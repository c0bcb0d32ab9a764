"""Serve what the fleet wants: a replica's side of config-sync.

Wishes are state, not messages: who comes late, or was away, sees the one that counts. What cannot be fetched yet is
waited for; what cannot be applied is this replica's error, and what served before goes on. While NATS is away, or has
lost everything, what serves goes on.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import NamedTuple, NoReturn

import structlog
from google.protobuf.message import DecodeError

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.clients.fleet_buckets import FleetBuckets
from routeiq.clients.fleet_names import CANARY, DESIRED
from routeiq.clients.fleet_report import Figures, FleetReport, Serving
from routeiq.config.bundle import Bundle, unpack
from routeiq.kit.bus_keys import Entry
from routeiq.kit.bus_objects import ObjectMissing
from routeiq.kit.errors import RouteIQError, Unavailable

log = structlog.get_logger()

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 10.0


class Applying(NamedTuple):
    """What is to be applied. `bundle` is the release's document; None: it is the one that this replica has, or the
    release names none, or this service takes none."""

    release: pb.Release
    bundle: Bundle | None


Apply = Callable[[Applying], Awaitable[None]]
"""Serve it from now on, or raise and serve what was served. Raises: RouteIQError: why it cannot be.  Unavailable,
ObjectMissing: something that it needs is not there yet; then it is called again."""


class FleetFollower:
    """One replica. Runs in the loop that serves.

    Args: buckets: as `FleetBuckets.over` makes them.  figures: asked for each report.  document: the digest of what it
    serves at the start, if that is a release's.  takes_documents: False: `Applying.bundle` is always None.  serving:
    what it says of itself that it serves; None: what the release names."""

    def __init__(
        self, buckets: FleetBuckets, service: str, replica: str, apply: Apply, figures: Figures, *, document: str = "",
        takes_documents: bool = True, serving: Callable[[], Serving] | None = None,
    ) -> None:  # fmt: skip
        self._buckets, self._apply = buckets, apply
        self._document, self._takes_documents = document, takes_documents
        self._report = FleetReport(buckets.roster, service, replica, figures, serving)
        self._desired: pb.Wanted | None = None
        self._canary: pb.Wanted | None = None
        self._changed = asyncio.Event()
        self._dealt_with: pb.Wanted | None = None
        self._awaited: tuple[pb.Wanted, str] | None = None
        self.applied = pb.Release()
        """Number 0: its own."""

    @property
    def wanted(self) -> pb.Wanted | None:
        """The wish that counts for this replica; None: there is none, or none is known yet."""
        canary = self._canary
        if canary is not None and self._report.key in canary.replicas:
            return canary
        return self._desired

    async def run(self) -> NoReturn:
        """Until it is cancelled. The bus is still open then, so that others can be told."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._buckets.wishes.watch(self._told), name="fleet.wishes")
            tasks.create_task(self._report.run(), name="fleet.report")
            await self._follow()

    def _told(self, entries: Mapping[str, Entry]) -> None:
        """A value that cannot be read changes nothing."""
        self._desired = _wanted(entries.get(DESIRED), self._desired)
        self._canary = _wanted(entries.get(CANARY), self._canary)
        self._changed.set()

    async def _follow(self) -> NoReturn:
        pause_s = FIRST_PAUSE_S
        while True:
            self._changed.clear()
            waits = await self._look()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s if waits else None):
                    await self._changed.wait()
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S) if waits and not self._changed.is_set() else FIRST_PAUSE_S

    async def _look(self) -> bool:
        """Do what is wanted, if it is not done. Returns: whether to look again soon."""
        wanted = self.wanted
        if wanted is None or wanted == self._dealt_with:
            return False
        try:
            if wanted.release != self.applied:
                await self._take(wanted.release)
            error = ""
        except (Unavailable, ObjectMissing) as reason:
            self._await(wanted, reason.message)
            return True
        except RouteIQError as reason:
            log.error("fleet.refused", release=wanted.release.number, wish=wanted.wish, reason=reason.message)
            error = reason.message or reason.code
        except Exception as reason:  # the edge of the task: nothing may end the following
            log.exception("fleet.failed", release=wanted.release.number, wish=wanted.wish)
            error = f"internal error ({type(reason).__name__})"
        self._dealt_with = wanted
        self._report.say(wanted.wish, self.applied, error)
        return False

    def _await(self, wanted: pb.Wanted, reason: str) -> None:
        """Said once for each wish and reason: it is tried again every few seconds."""
        if (wanted, reason) != self._awaited:
            log.info("fleet.awaited", release=wanted.release.number, wish=wanted.wish, reason=reason)
        self._awaited = wanted, reason

    async def _take(self, release: pb.Release) -> None:
        bundle = await self._bundle(release.document)
        await self._apply(Applying(release, bundle))
        self.applied, self._document = release, release.document
        log.info("fleet.applied", release=release.number, version=release.config_version, artifact=release.artifact)

    async def _bundle(self, digest: str) -> Bundle | None:
        if not self._takes_documents or digest in ("", self._document):
            return None
        packed = await self._buckets.documents.get(digest)
        if hashlib.sha256(packed).hexdigest() != digest:
            raise ObjectMissing(f"what is stored as the document {digest} is another")
        return await asyncio.to_thread(unpack, packed)


def _wanted(entry: Entry | None, before: pb.Wanted | None) -> pb.Wanted | None:
    try:
        return pb.Wanted.FromString(entry.value) if entry is not None else None
    except DecodeError:
        log.error("fleet.unreadable")
        return before
