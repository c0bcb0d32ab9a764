"""From a document, or an artifact, to a release: stored, judged, offered to the fleet. Unjudged, nothing goes out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import structlog
from msgspec.structs import replace

from routeiq.config.artifact_names import is_artifact_id
from routeiq.config.bundle import Bundle, unpack
from routeiq.config_sync.objects import Objects
from routeiq.config_sync.record import Plan, Record, Release
from routeiq.config_sync.rollout import Offer, current
from routeiq.config_sync.rollouts import Rollouts
from routeiq.config_sync.validate import Judges, Reading, Verdict, read_document
from routeiq.kit.errors import ConfigurationError, NotFound, RouteIQError, Unavailable

log = structlog.get_logger()

MOST_KEPT = 3
"""Documents that are kept here as well."""
NOT_VALID = "it is not valid"

NameArtifact = Callable[[str, Path | None], Awaitable[str]]
"""(as a document names it, the document's folder) -> its id, once it is stored; empty: replicas have it. Raises:
RouteIQError: it is not there."""
Differences = Callable[[Bundle, Bundle], tuple[str, ...]]
"""(before, after) -> the paths that differ and take effect at a restart only."""


class Origin(NamedTuple):
    """Where a document was read. `by`: `poll`, or whose key."""

    source: str
    etag: str
    by: str
    folder: Path | None = None
    """Of a file: where its relative paths begin."""


class Taken(NamedTuple):
    """What became of it. `errors`: why it was refused, now or before."""

    offer: Offer
    release: Release
    errors: tuple[str, ...] = ()


class NamedByDocument(RouteIQError):
    """Which artifact serves is the document's word; another one would be undone by the next poll."""

    status, type, code = 409, "conflict_error", "artifact_named_by_document"


@dataclass(slots=True)
class Intake:
    """`judged`: what the last verdict was based on."""

    rollouts: Rollouts
    documents: Objects
    judges: Judges
    name_artifact: NameArtifact
    differences: Differences
    refused: Callable[[], None] = lambda: None
    """Called for each that was not valid."""
    taken: Callable[[], None] = lambda: None
    """Called for each document that was read, once it is settled whether the fleet is to have it."""
    judged: Verdict = field(default_factory=Verdict)
    _folder: Path | None = None
    """Of the document that was read last."""
    _last: dict[str, bytes] = field(default_factory=dict)
    """The documents that were stored last, by digest."""

    async def take(self, bundle: Bundle, origin: Origin, *, force: bool = False) -> Taken:
        """A document that was read. Raises: Unavailable: NATS is away, or where its artifact is.  NotLeading."""
        taken = await self._take(bundle, origin, force=force)
        self.taken()
        return taken

    async def _take(self, bundle: Bundle, origin: Origin, *, force: bool) -> Taken:
        record, self._folder = await self.rollouts.record(), origin.folder
        reading = await asyncio.to_thread(read_document, bundle)
        release = Release(
            document=bundle.digest, artifact=record.promoted, config_version=reading.config_version,
            source=origin.source, etag=origin.etag, created_by=origin.by, promoted=record.promoted,
        )  # fmt: skip
        try:
            release = await self._with_artifact(release, reading, origin.folder)
        except Unavailable:
            raise  # it may be there at the next poll
        except RouteIQError as refused:
            serving = current(record)
            if serving and replace(release, artifact=reading.artifact or "").same(serving):
                return Taken(Offer.UNCHANGED, serving)  # NATS has lost what replicas serve on, and give back
            return await self._refuse(release, (*reading.errors, f"routeiq.artifact: {refused.public_message}"))
        if known := self._known(record, release, force=force):
            if known.offer is Offer.UNCHANGED:
                await self._store(release.document, bundle.pack())  # somebody may have taken it away
            return known
        if reading.errors:
            return await self._refuse(release, reading.errors)
        await self._store(release.document, bundle.pack())
        release = replace(release, needs_restart=await self._needs_restart(record, bundle))
        taken = await self._judge(record, release, reading.plan, force=force)
        await self._clear(self.rollouts.known)
        return taken

    async def promote(self, artifact: str, by: str, *, force: bool = False) -> Taken:
        """An artifact that is stored, with the document that serves; where none was rolled out replicas keep their own.
        Raises: NamedByDocument: that names one."""
        record = await self.rollouts.record()
        serving = current(record) or Release(document="")
        reading = await self._reading(serving.document)
        if reading is not None and reading.artifact:
            raise NamedByDocument("The document names an artifact; change it there.")
        plan = reading.plan if reading is not None else Plan()
        release = replace(serving, artifact=artifact, promoted=artifact, created_by=by, needs_restart=())
        return self._known(record, release, force=force) or await self._judge(record, release, plan, force=force)

    async def _reading(self, document: str) -> Reading | None:
        """None: there is no document."""
        if not document:
            return None
        bundle = unpack(await self.documents.get(document))
        return await asyncio.to_thread(read_document, bundle)

    async def restore(self, record: Record) -> None:
        """Store again what a server has lost that lost its storage, as far as it is known here."""
        for release in filter(None, (record.good, current(record))):
            if release.document in self._last:
                await self.documents.put(release.document, self._last[release.document])
            elif release.document and not await self.documents.exists(release.document):
                log.error("release.lost", document=release.document, number=release.number)

    async def bring_artifact(self, release: Release) -> str:
        """See `upkeep.BringArtifact`."""
        reading = await self._reading(release.document)
        if reading is None or not reading.artifact or is_artifact_id(reading.artifact):
            return ""
        return await self.name_artifact(reading.artifact, self._folder)

    async def _store(self, digest: str, packed: bytes) -> None:
        await self.documents.put(digest, packed)
        self._last.pop(digest, None)
        self._last[digest] = packed
        while len(self._last) > MOST_KEPT:
            self._last.pop(next(iter(self._last)))

    async def _clear(self, record: Record) -> None:
        """Of documents that nobody can want any more, and of what killed writers have left."""
        wanted = {past.release.document for past in record.history} | self._last.keys()
        wanted |= {one.document for one in (record.good, current(record)) if one}
        for name in await self.documents.names():
            if name not in wanted:
                await self.documents.delete(name)
        await self.documents.sweep()

    async def bundle(self, release: Release) -> Bundle:
        """Its document. Raises: NotFound: it is not kept any more."""
        return unpack(await self.documents.get(release.document))

    async def _with_artifact(self, release: Release, reading: Reading, folder: Path | None) -> Release:
        if not reading.artifact:
            return release
        return replace(release, artifact=await self.name_artifact(reading.artifact, folder))

    def _known(self, record: Record, release: Release, *, force: bool) -> Taken | None:
        """What needs no judge: the fleet has it, or it was refused before."""
        serving = current(record)
        if serving and release.same(serving):
            return Taken(Offer.UNCHANGED, serving)
        refused = None if force else record.refusal(release)
        return Taken(Offer.REFUSED, release, refused.errors or (refused.reason,)) if refused else None

    async def _judge(self, record: Record, release: Release, plan: Plan, *, force: bool) -> Taken:
        new = release.artifact if release.artifact not in _opened_before(record) else ""
        self.judged = await self.judges.judge(release.document, new)
        if self.judged.errors:
            return await self._refuse(release, self.judged.errors)
        offer = await self.rollouts.offer(release, plan, force=force)
        log.info("release.offered", document=release.document, artifact=release.artifact, offer=offer.value)
        return Taken(offer, current(self.rollouts.known) or release)

    async def _refuse(self, release: Release, errors: tuple[str, ...]) -> Taken:
        log.warning("release.refused", document=release.document, source=release.source, errors=len(errors))
        await self.rollouts.refuse(release, NOT_VALID, errors)
        self.refused()
        return Taken(Offer.REFUSED, release, errors)

    async def _needs_restart(self, record: Record, bundle: Bundle) -> tuple[str, ...]:
        serving = current(record)
        if serving is None:
            return ()
        try:
            before = await self.bundle(serving)
            return await asyncio.to_thread(self.differences, before, bundle)
        except (NotFound, ConfigurationError):
            return ()


def _opened_before(record: Record) -> set[str]:
    return {past.release.artifact for past in record.history if past.fate == "done"} | {""}
