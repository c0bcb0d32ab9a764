"""A record as gateways send it into a row of the ledger."""

from __future__ import annotations

import json
import math
from typing import NamedTuple

from routeiq.api.usage.v1 import usage_pb2 as pb
from routeiq.control.store.usage_intake import COLUMNS, Row
from routeiq.control.usage import intake_values as values
from routeiq.control.usage.intake_values import name, number

LONG = 1000
"""Bytes of a text that nobody looks for."""
_LARGEST, _SMALL = 2**63 - 1, 2**15 - 1
_KINDS = ("cache_read", "cache_write", "audio_input", "reasoning", "audio_output")


class Incoming(NamedTuple):
    """One record. Times are microseconds since 1970, names as they were sent: holders of budgets have longer ones."""

    id: str
    started_at: int
    ended_at: int
    record: pb.UsageRecord
    row: Row


def incoming(record: pb.UsageRecord) -> Incoming:
    """Whatever is in it."""
    id_ = values.record_id(record.id, record.journal, record.sequence)
    ended = values.moment(record.ended_at, values.id_moment(id_))
    started = values.moment(record.started_at, ended)
    started = min(max(started, ended - _WEEK_US), ended)
    row = {"id": id_, "ended_at": values.time_text(ended), "started_at": values.time_text(started), **_said(record)}
    return Incoming(id_, started, ended, record, [row[column] for column in COLUMNS])


def _said(record: pb.UsageRecord) -> dict[str, str | int | bool | None]:
    parties, served, tokens = record.parties, record.served, record.tokens
    return {
        "request_id": name(record.request_id),
        "journal": name(record.journal),
        "key_hash": name(parties.key_hash),
        "user_id": name(parties.user_id),
        "team_id": name(parties.team_id),
        "customer_id": name(parties.customer_id),
        "service": name(parties.service),
        "task_type": name(parties.task_type),
        "tags": _tags(record) if parties.tags else "[]",
        "endpoint": name(served.endpoint),
        "requested_model": name(served.requested_model),
        "model": name(served.model),
        "deployment_id": name(served.deployment_id),
        "provider": name(served.provider),
        "provider_model": name(served.provider_model),
        "status": number(record.status, _SMALL),
        "error": name(record.error, LONG),
        "stream": record.stream,
        "cached": record.cached,
        "attempts": number(record.attempts, _SMALL),
        "bytes": number(record.bytes, _LARGEST),
        "input_tokens": number(tokens.input, values.MOST_TOKENS),
        "output_tokens": number(tokens.output, values.MOST_TOKENS),
        "details": _details(record),
        "metered": tokens.metered,
        "cost_nano_usd": cost(record),
    }


def cost(record: pb.UsageRecord) -> int | None:
    """None: nobody knows."""
    return number(record.cost_nano_usd, values.MOST_NANO_USD) if record.HasField("cost_nano_usd") else None


def _tags(record: pb.UsageRecord) -> str:
    """Each once; an empty one is none."""
    tags = dict.fromkeys(name(tag) for tag in record.parties.tags if tag)
    return json.dumps(list(tags)[: values.MOST_TAGS], ensure_ascii=False)


def _details(record: pb.UsageRecord) -> str:
    """Without what is empty or nothing."""
    tokens = record.tokens
    found: dict[str, object] = {f"{kind}_tokens": number(getattr(tokens, kind), values.MOST_TOKENS) for kind in _KINDS}
    found["first_data_us"] = number(record.first_data_us, values.MOST_TOKENS)
    found["state_version"] = name(record.state_version)
    found["sequence"] = number(record.sequence, _LARGEST)
    found["decision"] = _decision(record.decision) if record.HasField("decision") else None
    return json.dumps({key: value for key, value in found.items() if value}, ensure_ascii=False)


def _decision(decision: pb.Decision) -> dict[str, object]:
    found: dict[str, object] = {
        field: name(getattr(decision, field), LONG) for field in ("id", "strategy", "reason", "artifact_id", "fallback")
    }
    if decision.HasField("confidence") and math.isfinite(decision.confidence):
        found["confidence"] = decision.confidence
    found["cached"] = decision.cached
    return {key: value for key, value in found.items() if value not in ("", False)}


_WEEK_US = int(values.MOST_STARTED.total_seconds()) * 1_000_000
