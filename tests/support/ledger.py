"""A ledger for tests of who reads it: requests, what the ledger adds them up to, and what they really come to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import delete, insert, text

from routeiq.control.store.usage_rollups import add_days, add_details
from routeiq.control.store.usage_sums import Sum
from routeiq.control.store.usage_tables import UsageDay, UsageDetail, UsageRecord
from routeiq.kit.db import Database
from tests.support.people import NOW

PARTITION = "CREATE TABLE IF NOT EXISTS usage_all PARTITION OF usage_records FOR VALUES FROM (MINVALUE) TO (MAXVALUE)"
Record = dict[str, Any]
_numbers = count(1)


def record(*, ended_at: datetime = NOW, took_s: float = 0.25, **said: Any) -> Record:
    """A good answer, but for what is said. `details` has tokens by kind: cache_read_tokens, ..."""
    number = next(_numbers)
    return {
        "id": f"{number:012d}", "ended_at": ended_at, "started_at": ended_at - timedelta(seconds=took_s),
        "request_id": f"r{number}", "journal": "j", "key_hash": "", "user_id": "", "team_id": "", "customer_id": "",
        "service": "", "task_type": "", "tags": [], "endpoint": "chat/completions", "requested_model": "m",
        "model": "m", "deployment_id": "d", "provider": "openai", "provider_model": "gpt", "status": 200, "error": "",
        "stream": False, "cached": False, "attempts": 1, "bytes": 10, "input_tokens": 3, "output_tokens": 4,
        "details": {}, "metered": False, "cost_nano_usd": 1000,
        **said,
    }  # fmt: skip


def failed(one: Record) -> bool:
    return bool(one["error"]) or one["status"] >= 400


def sum_of(one: Record) -> Sum:
    timed = not failed(one) and not one["cached"] and one["attempts"] > 0
    kinds = (one["details"].get(f"{kind}_tokens", 0) for kind in ("cache_read", "cache_write", "reasoning"))
    latency = (one["ended_at"] - one["started_at"]) // timedelta(microseconds=1)
    return Sum(
        1, failed(one), one["cached"], one["cost_nano_usd"] is None, one["input_tokens"], one["output_tokens"], *kinds,
        one["cost_nano_usd"] or 0, timed, latency if timed else 0,
    )  # fmt: skip


def total_of(records: Iterable[Record]) -> Sum:
    return Sum(*map(sum, zip(Sum(), *(sum_of(one) for one in records), strict=True)))


async def write(database: Database, records: Iterable[Record]) -> None:
    """In the place of what was there."""
    written = list(records)
    async with database.transaction() as session:
        if database.kind == "postgres":
            await session.execute(text(PARTITION))
        for table in (UsageRecord, UsageDay, UsageDetail):
            await session.execute(delete(table))
        if written:
            await session.execute(insert(UsageRecord), written)
        await session.execute(add_days(database.kind, "usage_records"))
        await session.execute(add_details(database.kind, "usage_records"))
