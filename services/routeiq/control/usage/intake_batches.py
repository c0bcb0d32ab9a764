"""What messages hold: records, and which stretch of its journal each batch is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError

from routeiq.api.usage.v1 import usage_pb2 as pb
from routeiq.control.store.usage_watermarks import Stretch
from routeiq.control.usage.intake_rows import Incoming, incoming
from routeiq.control.usage.intake_values import name, number

MOST_SEQUENCE = 2**62
"""Beyond it a journal's next one would be no number any more."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Of one message."""

    records: list[Incoming] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    """One, of a journal that does as it should."""


def read_batch(data: bytes) -> Batch | None:
    """None: it is no batch."""
    try:
        batch = pb.UsageBatch.FromString(data)
    except DecodeError:
        return None
    return Batch([incoming(record) for record in batch.records], _stretches(batch))


def by_id(batches: Iterable[Batch]) -> dict[str, Incoming]:
    """Each record once, in the order of their ids, which is the order in which replicas wait for each other."""
    found = {record.id: record for batch in batches for record in batch.records}
    return {id_: found[id_] for id_ in sorted(found)}


def _stretches(batch: pb.UsageBatch) -> list[Stretch]:
    """Of each journal, as far as its sequences have no gap."""
    by_journal: dict[str, list[int]] = {}
    for record in batch.records:
        by_journal.setdefault(name(record.journal), []).append(number(record.sequence, MOST_SEQUENCE))
    oldest = number(batch.oldest, MOST_SEQUENCE)
    return [_stretch(journal, sorted(sequences), oldest) for journal, sequences in sorted(by_journal.items())]


def _stretch(journal: str, sequences: list[int], oldest: int) -> Stretch:
    last = sequences[0]
    for sequence in sequences[1:]:
        if sequence > last + 1:
            break
        last = sequence
    return Stretch(journal, sequences[0], last, oldest)
