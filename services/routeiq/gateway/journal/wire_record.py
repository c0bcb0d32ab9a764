"""Pieces of a `UsageRecord` (routeiq.api.usage.v1) as protobuf has them: pieces that follow each other are one record.

They are written here, because setting a message's fields one by one takes ten times as long. What is nothing is not
written, but where that would take longer."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct as Packed
from typing import Final

from routeiq.gateway.journal.wire import sized, tag, varint

_FIXED64: Final = 1
_FIXED32: Final = 5
_ID: Final = tag(1, 2)
_REQUEST_ID: Final = tag(2, 2)
_JOURNAL: Final = tag(3, 2)
_SEQUENCE: Final = 4 << 3 | _FIXED64
_STARTED: Final = 5 << 3 | _FIXED64
_ENDED: Final = 6 << 3 | _FIXED64
_PARTIES: Final = tag(7, 2)
_SERVED: Final = tag(8, 2)
_DECISION: Final = tag(9, 2)
_TOKENS: Final = tag(10, 2)
_STATUS: Final = 11 << 3 | _FIXED32
_ERROR: Final = tag(12, 2)
_STREAM: Final = tag(13) + b"\1"
_CACHED: Final = tag(14) + b"\1"
_ATTEMPTS: Final = 15 << 3 | _FIXED32
_BYTES: Final = int.from_bytes(tag(16, _FIXED64), "little")
_COST: Final = int.from_bytes(tag(17, _FIXED64), "little")
_STATE_VERSION: Final = tag(18, 2)
_FIRST_DATA: Final = tag(19)
_KINDS: Final = (tag(3), tag(4), tag(5), tag(6), tag(7))
"""Of `Tokens`, behind input and output."""
_METERED: Final = tag(8) + b"\1"
_INPUT_AND_OUTPUT: Final = _TOKENS + bytes((18, 1 << 3 | _FIXED64))
_OUTPUT: Final = 2 << 3 | _FIXED64
_pack_started: Final = Packed("<Bq").pack
_pack: Final = Packed("<BQBq3sqBqBiBiHQ").pack
_pack_cost: Final = Packed("<Hq").pack
_UUID: Final = 36
_WITH_ID_OF_UUID: Final = sized(_DECISION, sized(tag(1, 2), bytes(_UUID)))[:-_UUID]
_DECISION_ID: Final = tag(1, 2)
_CONFIDENCE: Final = tag(4, _FIXED64)
_FALLBACK: Final = tag(6, 2)
_pack_double: Final = Packed("<d").pack
_BEGUN_RECORD: Final = tag(1, 2)
_BEGUN_TERMS: Final = tag(2, 2)
_BEGUN_INPUT: Final = tag(3)

Seven = tuple[int, int, int, int, int, int, int]
"""Tokens, in the order of `records.Counts`."""


class Called:
    """Who is called: a piece of the record, and what it is priced by, as `Begun` has that."""

    __slots__ = ("served", "terms")

    def __init__(self, model: str, deployment_id: str, provider: str, provider_model: str, terms: bytes = b"") -> None:
        self.served = sized(_SERVED, _texts(3, (model, deployment_id, provider, provider_model)))
        self.terms = sized(_BEGUN_TERMS, terms)


def begun(head: bytes, called: Called, input_tokens: int = 0) -> bytes:
    """A `Begun`. One without a head that follows another says who is called instead."""
    served = called.served
    said = b"".join((_BEGUN_RECORD, varint(len(head) + len(served)), head, served, called.terms))
    return said + _BEGUN_INPUT + varint(input_tokens) if input_tokens else said


def beginning(id_: bytes, request_id: bytes, started_at: int) -> bytes:
    started = _pack_started(_STARTED, started_at)
    return b"".join((_ID, varint(len(id_)), id_, _REQUEST_ID, varint(len(request_id)), request_id, started))


def parties(
    journal: str,
    state_version: str,
    who: tuple[str, str, str],
    tags: Sequence[str],
    whom: tuple[str, str, str],
    key_account: str,
) -> bytes:
    """Args: who: key's hash, user, team.  whom: customer, service, task type."""
    said = _texts(1, who) + b"".join([sized(tag(4, 2), one.encode()) for one in tags]) + _texts(5, whom)
    said += sized(tag(8, 2), key_account.encode() if key_account != who[0] else b"")
    known = sized(_STATE_VERSION, state_version.encode()) if state_version else b""
    return sized(_JOURNAL, journal.encode()) + known + sized(_PARTIES, said)


def asked(endpoint: str, requested_model: str, stream: bool) -> bytes:
    said = sized(_SERVED, _texts(1, (endpoint, requested_model)))
    return said + _STREAM if stream else said


def decided(
    strategy: str, reason: str, confidence: float | None, artifact_id: str, fallback: str, cached: bool
) -> bytes:
    """All of the decision but its id."""
    said = _texts(2, (strategy, reason))
    if confidence is not None:
        said += _CONFIDENCE + _pack_double(confidence)
    said += _texts(5, (artifact_id, fallback))
    return sized(_DECISION, said + tag(7) + b"\1" if cached else said)


def with_decision(id_: bytes) -> bytes:
    """Its id."""
    return _WITH_ID_OF_UUID + id_ if len(id_) == _UUID else sized(_DECISION, sized(_DECISION_ID, id_))


def tail(
    sequence: int,
    ended_at: int,
    status: int,
    error: str,
    attempts: int,
    size: int,
    counts: Seven,
    metered: bool,
    cost_nano_usd: int | None,
    cached: bool = False,
    fallback: str = "",
    first_data_us: int = 0,
) -> bytes:
    """What became of it. Args: error: empty: a whole answer.  fallback: where the decision has none.  cost_nano_usd:
    None: nobody knows the price."""
    sent, made, read, written, heard, thought, spoken = counts
    said = _pack(
        _SEQUENCE, sequence, _ENDED, ended_at, _INPUT_AND_OUTPUT, sent, _OUTPUT, made, _STATUS, status,
        _ATTEMPTS, attempts, _BYTES, size,
    )  # fmt: skip
    if cost_nano_usd is not None:
        said += _pack_cost(_COST, cost_nano_usd)
    if first_data_us:
        said += _FIRST_DATA + varint(first_data_us)
    if metered or read or written or heard or thought or spoken:
        said += sized(_TOKENS, _of_kinds((read, written, heard, thought, spoken), metered))
    if error:
        said += sized(_ERROR, error.encode())
    if cached:
        said += _CACHED
    if fallback:
        said += sized(_DECISION, sized(_FALLBACK, fallback.encode()))
    return said


def _of_kinds(counts: tuple[int, int, int, int, int], metered: bool) -> bytes:
    said = b"".join([kind + varint(count) for kind, count in zip(_KINDS, counts, strict=True) if count])
    return said + _METERED if metered else said


def _texts(field: int, values: Sequence[str]) -> bytes:
    """Args: field: of the first; the others follow."""
    return b"".join([sized(tag(field + at, 2), one.encode()) for at, one in enumerate(values) if one])
