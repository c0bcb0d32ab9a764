"""Records as the ledger reads them: `routeiq.api.usage.v1`, from what the journal holds.

Most records of a batch have the same caller, model and reason: those parts are made once for them, and copied."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from routeiq.gateway.journal.records import Called, Head, Record, Tail, read_record
from routeiq.gateway.journal.shelf import Batch

if TYPE_CHECKING:
    from routeiq.api.usage.v1 import usage_pb2 as pb

AT_ONCE = 50
"""So many are made before others have their turn: a quarter of a millisecond."""

_Shared = tuple[object, ...]


async def message_of(journal: str, batch: Batch, oldest: int) -> bytes:
    """A batch, without holding up the event loop. Args: oldest: as `UsageBatch` has it."""
    from routeiq.api.usage.v1 import usage_pb2 as pb  # noqa: PLC0415  # for who records usage

    message = pb.UsageBatch(oldest=oldest)
    shared: dict[_Shared, pb.UsageRecord] = {}
    for start in range(0, len(batch.records), AT_ONCE):
        for number, data in enumerate(batch.records[start : start + AT_ONCE], batch.first + start):
            record = read_record(data)
            key = _shared(record.head, record.called)
            like = shared.get(key)
            if like is None:
                like = shared[key] = pb.UsageRecord(journal=journal)
                _fill_shared(like, record.head, record.called)
            one = message.records.add()
            one.CopyFrom(like)
            _fill(one, record, number)
        await asyncio.sleep(0)
    return message.SerializeToString()


def _shared(head: Head, called: Called) -> _Shared:
    """All that `_fill_shared` reads."""
    return (
        head.key_hash, head.user_id, head.team_id, head.customer_id, head.service, head.task_type, head.tags,
        head.endpoint, head.requested_model, head.stream, head.state_version, head.strategy, head.reason,
        head.artifact_id, head.decided_before, called.model, called.deployment_id, called.provider,
        called.provider_model,
    )  # fmt: skip


def _fill_shared(like: pb.UsageRecord, head: Head, called: Called) -> None:
    like.stream, like.state_version = head.stream, head.state_version
    parties, served, decision = like.parties, like.served, like.decision
    parties.key_hash, parties.user_id, parties.team_id = head.key_hash, head.user_id, head.team_id
    parties.customer_id, parties.service, parties.task_type = head.customer_id, head.service, head.task_type
    parties.tags.extend(head.tags)
    served.endpoint, served.requested_model = head.endpoint, head.requested_model
    served.model, served.deployment_id = called.model, called.deployment_id
    served.provider, served.provider_model = called.provider, called.provider_model
    decision.strategy, decision.reason, decision.artifact_id = head.strategy, head.reason, head.artifact_id
    decision.cached = head.decided_before


def _fill(one: pb.UsageRecord, record: Record, sequence: int) -> None:
    head, tail = record.head, record.tail
    one.id, one.request_id, one.sequence = head.id, head.request_id, sequence
    one.started_at, one.ended_at, one.status, one.attempts = head.started_at, tail.ended_at, tail.status, tail.attempts
    one.bytes, one.first_data_us = tail.bytes, tail.first_data_us
    if tail.cost_nano_usd is not None:
        one.cost_nano_usd = tail.cost_nano_usd
    if tail.error or tail.cached:
        one.error, one.cached = tail.error, tail.cached
    _fill_decision(one.decision, head, tail)
    _fill_tokens(one.tokens, tail)


def _fill_decision(decision: pb.Decision, head: Head, tail: Tail) -> None:
    decision.id = head.decision_id
    if head.fallback or tail.fallback:
        decision.fallback = head.fallback or tail.fallback
    if head.confidence is not None:
        decision.confidence = head.confidence


def _fill_tokens(tokens: pb.Tokens, tail: Tail) -> None:
    counts = tail.counts
    tokens.input, tokens.output, tokens.metered = counts.input, counts.output, tail.metered
    if counts.cache_read or counts.cache_write:
        tokens.cache_read, tokens.cache_write = counts.cache_read, counts.cache_write
    if counts.audio_input or counts.audio_output:
        tokens.audio_input, tokens.audio_output = counts.audio_input, counts.audio_output
    tokens.reasoning = counts.reasoning
