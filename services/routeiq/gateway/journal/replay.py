"""What a dead process left: its records, and those of the requests that it had in flight, which are closed here.

They are billed at what their slot holds. Nobody can know what a whole answer came to that never came, so it costs
nothing; of a stream what was about to go to its client is billed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from routeiq.gateway.journal.folder import Folder
from routeiq.gateway.journal.orphans import read_orphans
from routeiq.gateway.journal.records import Counts, Orphan, read_record
from routeiq.gateway.journal.segments import Segment, prepare, read_segments
from routeiq.gateway.journal.shelf import Shelf
from routeiq.gateway.journal.slots import NOT_REPORTED, REPORTED
from routeiq.gateway.journal.wire_record import tail

log = structlog.get_logger()

INTERRUPTED = "interrupted"
STATUS = 502
"""Nobody saw another one: the connection broke."""
LEAP = 1_000_000
"""After a power failure a journal may lack records that others have. No number of theirs is given again."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_ROOM = 64 * 1024
Price = Callable[[bytes, Counts], int | None]
"""By the terms of who was called; None: unknown."""


def unpriced(terms: bytes, counts: Counts) -> int | None:
    """Nobody knows."""
    return None


def replay(folder: Folder, price: Price = unpriced) -> Shelf:
    """All records of a journal whose process is dead. Raises: OSError: it cannot be read, or has no room. ValueError:
    another release wrote it."""
    segments = read_segments(folder.path)
    orphans = list(read_orphans(folder.slots)) if folder.slots.exists() else []
    if orphans:
        known = _ids(segments)
        orphans = [one for one in orphans if one.begun.record.id not in known]
    if orphans:
        segments.append(_close(folder, segments, orphans, price))
        log.warning("journal.interrupted", journal=folder.id, requests=len(orphans))
    folder.slots.unlink(missing_ok=True)  # they have their records; those may be deleted before the folder is
    return Shelf([one for one in segments if one.count])


def mark_boot(folder: Folder) -> None:
    """So that a replay knows whether the machine has failed since."""
    (folder.path / "boot").write_bytes(_boot())


def interrupted(orphan: Orphan, price: Price, now_us: int, sequence: int) -> bytes:
    """Its record."""
    record, (counts, metered) = orphan.begun.record, _counts(orphan)
    if orphan.reported == REPORTED:
        cost = orphan.cost_nano_usd
    else:
        cost = price(orphan.begun.terms, counts) if counts.input or counts.output else 0
    ended_at, spoken = max(now_us, record.started_at), msgspec.structs.astuple(counts)
    return record.SerializeToString() + tail(
        sequence, ended_at, STATUS, INTERRUPTED, orphan.calls, orphan.bytes, spoken, metered, cost
    )


def _counts(orphan: Orphan) -> tuple[Counts, bool]:
    """Its tokens, and whether they are metered."""
    counts = orphan.counts
    if orphan.reported == REPORTED:
        return counts, False
    if not orphan.events:
        return (counts, True) if orphan.reported != NOT_REPORTED else (Counts(), False)
    spoken = counts.input if orphan.reported != NOT_REPORTED else orphan.begun.input_tokens
    return msgspec.structs.replace(counts, input=spoken, output=max(counts.output, orphan.events)), True


def _ids(segments: list[Segment]) -> set[str]:
    return {read_record(record).id for segment in segments for record in segment.records()}


def _close(folder: Folder, segments: list[Segment], orphans: list[Orphan], price: Price) -> Segment:
    """They get a segment of their own."""
    last = max((one.last for one in segments), default=0)
    failed = any(one.broken for one in segments) or _booted(folder)
    number = max((int(path.stem) for path in folder.path.glob("*.segment")), default=0) + 1
    first = last + 1 + LEAP if failed else last + 1
    now_us = time.time_ns() // 1000
    records = [interrupted(one, price, now_us, sequence) for sequence, one in enumerate(orphans, first)]
    segment = prepare(folder.path, number, size=_ROOM + sum(len(record) + 16 & -8 for record in records))
    segment.begin(first)
    for record in records:
        segment.add(record)
    return segment


def _booted(folder: Folder) -> bool:
    try:
        return (folder.path / "boot").read_bytes() != _boot()
    except OSError:
        return False


def _boot() -> bytes:
    try:
        return _BOOT.read_bytes()
    except OSError:
        return b""
