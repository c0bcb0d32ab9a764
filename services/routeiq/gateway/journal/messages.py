"""Batches as the stream carries them: `UsageBatch` (routeiq.api.usage.v1) around the records that the journal holds."""

from __future__ import annotations

from typing import Final

from routeiq.gateway.journal.shelf import Batch
from routeiq.gateway.journal.wire import tag, varint

_RECORDS: Final = tag(1, 2)
_OLDEST: Final = tag(2)


def message_of(batch: Batch, oldest: int) -> bytes:
    """Args: oldest: as `UsageBatch` has it."""
    pieces = [_OLDEST, varint(oldest)]
    for record in batch.records:
        pieces.append(_RECORDS)
        pieces.append(varint(len(record)))
        pieces.append(record)
    return b"".join(pieces)
