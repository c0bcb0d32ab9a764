"""A record as gateways send it into a row of the ledger."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from routeiq.api.usage.v1 import usage_pb2 as pb
from routeiq.control.store.accounts import KEY, KEY_HASH
from routeiq.control.store.usage_intake import Row
from routeiq.control.usage import intake_values as values
from routeiq.control.usage.intake_values import name, number

LONG = 1000
"""Bytes of a text that nobody looks for."""
_LARGEST, _SMALL = 2**63 - 1, 2**15 - 1
_KINDS = ("cache_read_tokens", "cache_write_tokens", "audio_input_tokens", "reasoning_tokens", "audio_output_tokens")
_encode = msgspec.json.Encoder().encode

Payer = tuple[str, str, str, str, str]
"""What kind of name the key has, that name, user, team and model, as they were sent: holders of budgets have longer
names than the ledger."""


class Incoming(NamedTuple):
    """One record. Times are microseconds since 1970. `cost_nano_usd` None: nobody knows."""

    id: str
    started_at: int
    ended_at: int
    payer: Payer
    cost_nano_usd: int | None
    row: Row


def incoming(record: pb.UsageRecord) -> Incoming:
    """Whatever is in it."""
    parties, served = record.parties, record.served
    id_ = values.record_id(record.id, record.journal, record.sequence)
    ended = values.ended(record.ended_at, id_)
    started = min(max(values.moment(record.started_at, ended), ended - _WEEK_US), ended)
    cost = number(record.cost_nano_usd, values.MOST_NANO_USD) if record.HasField("cost_nano_usd") else None
    kind, model = KEY if parties.HasField("key_account") else KEY_HASH, served.model or served.requested_model
    payer = kind, parties.key_account or parties.key_hash, parties.user_id, parties.team_id, model
    times = values.time_text(ended), values.time_text(started)
    return Incoming(id_, started, ended, payer, cost, (id_, *times, *_said(record), cost))


def _said(record: pb.UsageRecord) -> Row:
    """`COLUMNS` between the times and the cost."""
    parties, served, tokens = record.parties, record.served, record.tokens
    return (
        *values.names(
            record.request_id, record.journal, parties.key_hash, parties.user_id, parties.team_id, parties.customer_id,
            parties.service, parties.task_type,
        ),
        _tags(parties.tags) if parties.tags else "[]",
        *values.names(
            served.endpoint, served.requested_model, served.model, served.deployment_id, served.provider,
            served.provider_model,
        ),
        number(record.status, _SMALL),
        name(record.error, LONG),
        record.stream,
        record.cached,
        number(record.attempts, _SMALL),
        number(record.bytes, _LARGEST),
        number(tokens.input, values.MOST_TOKENS),
        number(tokens.output, values.MOST_TOKENS),
        _details(record),
        tokens.metered,
    )  # fmt: skip


def _tags(sent: Iterable[str]) -> str:
    """Each once; an empty one is none."""
    tags = dict.fromkeys([name(tag) for tag in sent if tag])
    return _encode(list(tags)[: values.MOST_TAGS]).decode()


def _details(record: pb.UsageRecord) -> str:
    """Without what is empty or nothing."""
    counts = zip(_KINDS, _of_kinds(record.tokens), strict=True)
    found: dict[str, object] = {kind: number(count, values.MOST_TOKENS) for kind, count in counts if count > 0}
    if record.first_data_us > 0:
        found["first_data_us"] = number(record.first_data_us, values.MOST_TOKENS)
    if record.state_version:
        found["state_version"] = name(record.state_version)
    if record.sequence > 0:
        found["sequence"] = number(record.sequence, _LARGEST)
    if record.HasField("decision") and (decision := _decision(record.decision)):
        found["decision"] = decision
    return _encode(found).decode()


def _of_kinds(tokens: pb.Tokens) -> tuple[int, ...]:
    """In the order of `_KINDS`."""
    return tokens.cache_read, tokens.cache_write, tokens.audio_input, tokens.reasoning, tokens.audio_output


def _decision(decision: pb.Decision) -> dict[str, object]:
    found: dict[str, object] = {
        field: name(text, LONG)
        for field in ("id", "strategy", "reason", "artifact_id", "fallback")
        if (text := getattr(decision, field))
    }
    if decision.HasField("confidence") and math.isfinite(decision.confidence) and decision.confidence:
        found["confidence"] = decision.confidence
    if decision.cached:
        found["cached"] = True
    return found


_WEEK_US = int(values.MOST_STARTED.total_seconds()) * 1_000_000
