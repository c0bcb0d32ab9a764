"""The part of a `UsageRecord` (routeiq.api.usage.v1) that is its own, as protobuf has it. A zero is not written."""

from __future__ import annotations

from typing import Final

from routeiq.gateway.journal.record_parts import Parts
from routeiq.gateway.journal.records import Counts, Tail
from routeiq.gateway.journal.wire import Moments, sized, tag, varint

_ID: Final = tag(1, 2)
_REQUEST_ID: Final = tag(2, 2)
_SEQUENCE: Final = tag(4)
_STARTED: Final = tag(5)
_ENDED: Final = tag(6)
_DECISION: Final = tag(9, 2)
_DECISION_ID: Final = tag(1, 2)
_CONFIDENCE: Final = tag(4, 1)
_FALLBACK: Final = tag(6, 2)
_TOKENS: Final = tag(10, 2)
_INPUT: Final = tag(1)
_OUTPUT: Final = tag(2)
_CACHE_READ: Final = tag(3)
_CACHE_WRITE: Final = tag(4)
_AUDIO_INPUT: Final = tag(5)
_REASONING: Final = tag(6)
_AUDIO_OUTPUT: Final = tag(7)
_METERED: Final = tag(8) + b"\1"
_STATUS: Final = tag(11)
_ERROR: Final = tag(12, 2)
_CACHED: Final = tag(14) + b"\1"
_ATTEMPTS: Final = tag(15)
_BYTES: Final = tag(16)
_COST: Final = tag(17)
_FIRST_DATA: Final = tag(19)
_FLOAT: Final = 0xCB
_moments: Final = Moments()


def own_part(parts: Parts, tail: Tail, sequence: int, *, fallback: bool) -> bytes:
    """Args: tail: of `parts`, read.  fallback: where it is to be said, the tail's."""
    said: list[bytes] = [
        sized(_ID, parts.id), sized(_REQUEST_ID, parts.request_id), _SEQUENCE, varint(sequence),
        _STARTED, _moments.of(parts.started_at), _ENDED, _moments.of(tail.ended_at),
        sized(_DECISION, _decision(parts, tail.fallback if fallback else "")),
        sized(_TOKENS, _tokens(tail.counts, metered=tail.metered)), _STATUS, varint(tail.status),
    ]  # fmt: skip
    if tail.error:
        said.append(sized(_ERROR, tail.error.encode()))
    if tail.cached:
        said.append(_CACHED)
    attempts, size, cost, first_data_us = tail.attempts, tail.bytes, tail.cost_nano_usd, tail.first_data_us
    if attempts:
        said.append(_ATTEMPTS + varint(attempts))
    if size:
        said.append(_BYTES + varint(size))
    if cost is not None:
        said.append(_COST + varint(cost))
    if first_data_us:
        said.append(_FIRST_DATA + varint(first_data_us))
    return b"".join(said)


def _decision(parts: Parts, fallback: str) -> bytes:
    said = sized(_DECISION_ID, parts.decision_id)
    if parts.confidence[0] == _FLOAT:
        said += _CONFIDENCE + parts.confidence[:0:-1]  # the other way round: its least byte comes first
    if fallback:
        said += sized(_FALLBACK, fallback.encode())
    return said


def _tokens(counts: Counts, *, metered: bool) -> bytes:
    sent, made = counts.input, counts.output
    said = (_INPUT + varint(sent) if sent else b"") + (_OUTPUT + varint(made) if made else b"")
    if counts.cache_read:
        said += _CACHE_READ + varint(counts.cache_read)
    if counts.cache_write:
        said += _CACHE_WRITE + varint(counts.cache_write)
    if counts.audio_input:
        said += _AUDIO_INPUT + varint(counts.audio_input)
    if counts.reasoning:
        said += _REASONING + varint(counts.reasoning)
    if counts.audio_output:
        said += _AUDIO_OUTPUT + varint(counts.audio_output)
    return said + _METERED if metered else said
