"""Journals in tests: requests that begin and end, and what is found afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from routeiq.gateway.journal.folder import Folder, adopt, create
from routeiq.gateway.journal.journal import Journal
from routeiq.gateway.journal.records import Called, Counts, Head, Record, Tail, encode, read_record
from routeiq.gateway.journal.replay import Price, replay, unpriced
from routeiq.gateway.journal.shelf import Shelf
from routeiq.gateway.journal.slots import Slot

SEGMENT_BYTES = 128 * 1024
CALLED = encode(Called("small", "id-small", "openai", "gpt-small", b"terms"))
Allocate = Callable[[int, int, int], None]


def head(identifier: str, **fields: object) -> bytes:
    base: dict[str, object] = {
        "id": identifier, "request_id": f"r-{identifier}", "started_at": 1, "endpoint": "chat/completions",
        "requested_model": "small", "stream": True, "input_tokens": 40, "state_version": "c1.s0",
    }  # fmt: skip
    return encode(Head(**(base | fields)))  # type: ignore[arg-type]  # test data


def tail(**fields: object) -> bytes:
    base: dict[str, object] = {"ended_at": 2, "status": 200, "attempts": 1, "counts": Counts(3, 5)}
    return encode(Tail(**(base | fields)))  # type: ignore[arg-type]  # as above


def opened(
    base: Path,
    *,
    segment_bytes: int = SEGMENT_BYTES,
    allocate: Allocate = os.posix_fallocate,
    further: Allocate | None = None,
) -> Journal:
    return Journal(create(base), segment_bytes=segment_bytes, allocate=allocate, further=further)


def begin(journal: Journal, identifier: str, **fields: object) -> Slot:
    return journal.begin(head(identifier, **fields), CALLED)


def end(journal: Journal, slot: Slot, identifier: str, **fields: object) -> int:
    return journal.end(slot, head(identifier), CALLED, tail(**fields))


def serve(journal: Journal, identifier: str) -> int:
    """A whole request. Returns: its sequence."""
    slot = begin(journal, identifier)
    slot.call()
    return end(journal, slot, identifier)


def die(journal: Journal) -> None:
    """As `kill -9` leaves it: nothing is said, the lock goes."""
    journal.folder.release()


def left(base: Path) -> Folder:
    """What the only dead process left."""
    (folder,) = adopt(base)
    return folder


def replayed(base: Path, price: Price = unpriced) -> list[Record]:
    """All records of the only dead process."""
    folder = left(base)
    try:
        return records_of(replay(folder, price))
    finally:
        folder.release()


def records_of(shelf: Shelf) -> list[Record]:
    return [read_record(data) for segment in shelf.segments for data in segment.records()]


def ids(records: list[Record]) -> list[str]:
    return [one.head.id for one in records]
