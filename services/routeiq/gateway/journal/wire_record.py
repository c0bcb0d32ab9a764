"""The part of a `UsageRecord` (routeiq.api.usage.v1) that is its own, as protobuf has it. A zero is not written."""

from __future__ import annotations

from typing import Final

from routeiq.gateway.journal.record_parts import Parts
from routeiq.gateway.journal.records import Seven, TailValues
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
_MOST_STATUSES: Final = 600
_STATUSES: Final = tuple(_STATUS + varint(status) for status in range(_MOST_STATUSES))
_ONCE: Final = _ATTEMPTS + varint(1)
_UUID: Final = 36
_DECISION_OF_UUID: Final = sized(_DECISION, sized(_DECISION_ID, bytes(_UUID)))[:-_UUID]
_moments: Final = Moments()


def own_part(parts: Parts, tail: TailValues, sequence: int, *, fallback: bool) -> bytes:
    """Args: tail: of `parts`.  fallback: where it is to be said, the tail's."""
    ended_at, status, error, attempts, size, counts, metered, cost, cached, fell_back, first_data_us = tail
    id_, request_id, tokens = parts.id, parts.request_id, _tokens(counts, metered)
    said: list[bytes] = [
        _ID, varint(len(id_)), id_, _REQUEST_ID, varint(len(request_id)), request_id, _SEQUENCE, varint(sequence),
        _STARTED, _moments.of(parts.started_at), _ENDED, _moments.of(ended_at),
        _decision(parts, fell_back if fallback else ""), _TOKENS, varint(len(tokens)), tokens,
        _STATUSES[status] if 0 <= status < _MOST_STATUSES else _STATUS + varint(status),
    ]  # fmt: skip
    if error:
        said.append(sized(_ERROR, error.encode()))
    if cached:
        said.append(_CACHED)
    if attempts:
        said.append(_ONCE if attempts == 1 else _ATTEMPTS + varint(attempts))
    if size:
        said.append(_BYTES)
        said.append(varint(size))
    if cost is not None:
        said.append(_COST)
        said.append(varint(cost))
    if first_data_us:
        said.append(_FIRST_DATA)
        said.append(varint(first_data_us))
    return b"".join(said)


def _decision(parts: Parts, fallback: str) -> bytes:
    id_, known = parts.decision_id, parts.confidence[0] == _FLOAT
    if not known and not fallback and len(id_) == _UUID:
        return _DECISION_OF_UUID + id_
    said = sized(_DECISION_ID, id_)
    if known:
        said += _CONFIDENCE + parts.confidence[:0:-1]  # the other way round: its least byte comes first
    if fallback:
        said += sized(_FALLBACK, fallback.encode())
    return sized(_DECISION, said)


def _tokens(counts: Seven, metered: bool) -> bytes:
    sent, made, read, written, heard, thought, spoken = counts
    said = (_INPUT + varint(sent) if sent else b"") + (_OUTPUT + varint(made) if made else b"")
    if read or written or heard or thought or spoken:
        said += _kinds(read, written, heard, thought, spoken)
    return said + _METERED if metered else said


def _kinds(read: int, written: int, heard: int, thought: int, spoken: int) -> bytes:
    said = b""
    if read:
        said += _CACHE_READ + varint(read)
    if written:
        said += _CACHE_WRITE + varint(written)
    if heard:
        said += _AUDIO_INPUT + varint(heard)
    if thought:
        said += _REASONING + varint(thought)
    if spoken:
        said += _AUDIO_OUTPUT + varint(spoken)
    return said
