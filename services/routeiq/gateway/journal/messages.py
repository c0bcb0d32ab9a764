"""Records as the ledger reads them: `routeiq.api.usage.v1`, from what the journal holds.

Most records of a batch have the same caller, model and reason: what that comes to is made once for them, and put before
the part that is each one's own. To protobuf pieces of a message that follow each other are one message, and so are
those of its `decision`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from routeiq.gateway.journal.record_parts import Alike, Parts
from routeiq.gateway.journal.records import (
    Called,
    Head,
    NotARecord,
    TailValues,
    encode,
    read_record,
    read_tail,
    read_tail_values,
)  # fmt: skip
from routeiq.gateway.journal.shelf import Batch
from routeiq.gateway.journal.wire import tag, varint
from routeiq.gateway.journal.wire_record import own_part

if TYPE_CHECKING:
    from routeiq.api.usage.v1 import usage_pb2 as pb

AT_ONCE: Final = 50
"""So many are made before others have their turn: a fraction of a millisecond."""
_RECORDS: Final = tag(1, 2)
_OLDEST: Final = tag(2)

_Like = tuple[bytes, bool]
"""What some records have in common, and whether a fallback is in it."""


async def message_of(journal: str, batch: Batch, oldest: int) -> bytes:
    """A batch, without holding up the event loop. Args: oldest: as `UsageBatch` has it."""
    likes: dict[bytes, _Like] = {}
    pieces = [_OLDEST, varint(oldest)]
    records = batch.records
    for start in range(0, len(records), AT_ONCE):
        _add(pieces, likes, journal, records[start : start + AT_ONCE], batch.first + start)
        await asyncio.sleep(0)
    return b"".join(pieces)


def _add(pieces: list[bytes], likes: dict[bytes, _Like], journal: str, records: list[bytes], first: int) -> None:
    alike: Alike | None = None
    shared, fallback = b"", False
    for sequence, data in enumerate(records, first):
        parts = _parts(data, alike)
        if parts.alike is not alike:
            alike = parts.alike
            whole = alike.whole
            like = likes.get(whole)
            if like is None:
                like = likes[whole] = _like(journal, data)
            shared, fallback = like
        own = own_part(parts, _tail(parts.tail), sequence, fallback=not fallback)
        pieces += [_RECORDS, varint(len(shared) + len(own)), shared, own]


def _parts(data: bytes, before: Alike | None) -> Parts:
    """Also of a record that another release wrote."""
    try:
        return Parts(data, before)
    except NotARecord:
        return Parts(encode(read_record(data)), before)


def _tail(data: bytes) -> TailValues:
    """As `_parts`."""
    try:
        return read_tail_values(data)
    except msgspec.ValidationError:
        return read_tail_values(encode(read_tail(data)))


def _like(journal: str, data: bytes) -> _Like:
    from routeiq.api.usage.v1 import usage_pb2 as pb  # noqa: PLC0415  # for who records usage

    record = read_record(data)
    like = pb.UsageRecord(journal=journal)
    _fill(like, record.head, record.called)
    return like.SerializeToString(), bool(record.head.fallback)


def _fill(like: pb.UsageRecord, head: Head, called: Called) -> None:
    like.stream, like.state_version = head.stream, head.state_version
    parties, served, decision = like.parties, like.served, like.decision
    parties.key_hash, parties.user_id, parties.team_id = head.key_hash, head.user_id, head.team_id
    parties.customer_id, parties.service, parties.task_type = head.customer_id, head.service, head.task_type
    parties.tags.extend(head.tags)
    served.endpoint, served.requested_model = head.endpoint, head.requested_model
    served.model, served.deployment_id = called.model, called.deployment_id
    served.provider, served.provider_model = called.provider, called.provider_model
    decision.strategy, decision.reason, decision.artifact_id = head.strategy, head.reason, head.artifact_id
    decision.fallback, decision.cached = head.fallback, head.decided_before
