"""Journals in tests: requests that begin and end, and what is found afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from routeiq.api.usage.v1 import usage_pb2 as pb
from routeiq.gateway.journal.folder import Folder, adopt, create
from routeiq.gateway.journal.journal import Journal
from routeiq.gateway.journal.records import Counts, read_record
from routeiq.gateway.journal.replay import Price, replay, unpriced
from routeiq.gateway.journal.shelf import Shelf
from routeiq.gateway.journal.slots import Slot
from routeiq.gateway.journal.wire_record import Called, begun

SEGMENT_BYTES = 128 * 1024
CALLED = Called("small", "id-small", "openai", "gpt-small", b"terms")
INPUT_TOKENS = 40
COUNTS = Counts(3, 5)
Allocate = Callable[[int, int, int], None]


class Read:
    """A record, as its schema has it: what is not here is the message's own."""

    def __init__(self, message: pb.UsageRecord) -> None:
        self.message = message

    def __getattr__(self, name: str) -> Any:
        return getattr(self.message, name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Read) and self.message == other.message

    __hash__ = None  # type: ignore[assignment]  # messages have none

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(self.message.parties.tags)

    @property
    def counts(self) -> Counts:
        return Counts(*[getattr(self.message.tokens, name) for name in Counts.__struct_fields__])

    @property
    def metered(self) -> bool:
        return self.message.tokens.metered

    @property
    def cost_nano_usd(self) -> int | None:
        """None: unknown."""
        return self.message.cost_nano_usd if self.message.HasField("cost_nano_usd") else None


def head(identifier: str, **fields: Any) -> bytes:
    one = pb.UsageRecord(id=identifier, request_id=f"r-{identifier}", started_at=1, stream=True, state_version="c1.s0")
    one.served.endpoint, one.served.requested_model = "chat/completions", "small"
    one.MergeFrom(pb.UsageRecord(**fields))
    return one.SerializeToString()


def tail(sequence: int = 0, *, counts: Counts = COUNTS, cost_nano_usd: int | None = 0, **fields: Any) -> bytes:
    one = pb.UsageRecord(sequence=sequence, ended_at=2, status=200, attempts=1)
    one.MergeFrom(pb.UsageRecord(cost_nano_usd=cost_nano_usd, **fields))
    for name in Counts.__struct_fields__:
        setattr(one.tokens, name, getattr(counts, name))
    return one.SerializeToString()


def opened(
    base: Path,
    *,
    segment_bytes: int = SEGMENT_BYTES,
    allocate: Allocate = os.posix_fallocate,
    further: Allocate | None = None,
) -> Journal:
    return Journal(create(base), segment_bytes=segment_bytes, allocate=allocate, further=further)


def begin(journal: Journal, identifier: str, **fields: Any) -> Slot:
    return journal.begin(begun(head(identifier, journal=journal.id, **fields), CALLED, INPUT_TOKENS))


def end(journal: Journal, slot: Slot, identifier: str, **fields: Any) -> int:
    beginning = head(identifier, journal=journal.id) + CALLED.served
    return journal.end(slot, beginning + tail(journal.sequence + 1, **fields))


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


def replayed(base: Path, price: Price = unpriced) -> list[Read]:
    """All records of the only dead process."""
    folder = left(base)
    try:
        return records_of(replay(folder, price))
    finally:
        folder.release()


def records_of(shelf: Shelf) -> list[Read]:
    return [Read(read_record(data)) for segment in shelf.segments for data in segment.records()]


def ids(records: list[Read]) -> list[str]:
    return [one.id for one in records]
