"""Records as the ledger reads them: `routeiq.api.usage.v1`, from what the journal holds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from routeiq.gateway.journal.records import Head, Record, Tail, read_record
from routeiq.gateway.journal.shelf import Batch

if TYPE_CHECKING:
    from routeiq.api.usage.v1 import usage_pb2 as pb

AT_ONCE = 50
"""So many are made before others have their turn: a third of a millisecond."""


async def message_of(journal: str, batch: Batch, oldest: int) -> bytes:
    """A batch, without holding up the event loop. Args: oldest: as `UsageBatch` has it."""
    from routeiq.api.usage.v1 import usage_pb2 as pb  # noqa: PLC0415  # for who records usage

    message = pb.UsageBatch(oldest=oldest)
    for start in range(0, len(batch.records), AT_ONCE):
        for number, data in enumerate(batch.records[start : start + AT_ONCE], batch.first + start):
            _add(message, read_record(data), journal, number)
        await asyncio.sleep(0)
    return message.SerializeToString()


def _add(message: pb.UsageBatch, record: Record, journal: str, sequence: int) -> None:
    head, called, tail = record.head, record.called, record.tail
    one = message.records.add(
        id=head.id, request_id=head.request_id, journal=journal, sequence=sequence, started_at=head.started_at,
        ended_at=tail.ended_at, status=tail.status, error=tail.error, stream=head.stream, cached=tail.cached,
        attempts=tail.attempts, bytes=tail.bytes, cost_nano_usd=tail.cost_nano_usd, state_version=head.state_version,
        first_data_us=tail.first_data_us,
        served={
            "endpoint": head.endpoint, "requested_model": head.requested_model, "model": called.model,
            "deployment_id": called.deployment_id, "provider": called.provider,
            "provider_model": called.provider_model,
        },
    )  # fmt: skip
    _add_parties(one.parties, head)
    _add_decision(one.decision, head, tail)
    _add_tokens(one.tokens, tail)


def _add_parties(parties: pb.Parties, head: Head) -> None:
    parties.key_hash, parties.user_id, parties.team_id = head.key_hash, head.user_id, head.team_id
    parties.customer_id, parties.service, parties.task_type = head.customer_id, head.service, head.task_type
    parties.tags.extend(head.tags)


def _add_decision(decision: pb.Decision, head: Head, tail: Tail) -> None:
    decision.id, decision.strategy, decision.reason = head.decision_id, head.strategy, head.reason
    decision.artifact_id, decision.fallback = head.artifact_id, head.fallback or tail.fallback
    decision.cached = head.decided_before
    if head.confidence is not None:
        decision.confidence = head.confidence


def _add_tokens(tokens: pb.Tokens, tail: Tail) -> None:
    counts = tail.counts
    tokens.input, tokens.output, tokens.metered = counts.input, counts.output, tail.metered
    tokens.cache_read, tokens.cache_write = counts.cache_read, counts.cache_write
    tokens.audio_input, tokens.audio_output = counts.audio_input, counts.audio_output
    tokens.reasoning = counts.reasoning
