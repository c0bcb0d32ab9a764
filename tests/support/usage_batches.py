"""Records and batches as gateways send them, and what the ledger made of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from sqlalchemy import func, select, text

from routeiq.api.usage.v1 import usage_pb2 as pb
from routeiq.control.budgets.calendar import Calendar
from routeiq.control.spending.counting import Counting
from routeiq.control.store.usage_rollups import KINDS, SUMMED, TAGGED
from routeiq.control.store.usage_tables import UsageDay, UsageDetail, UsageRecord, UsageWatermark
from routeiq.control.usage.intake_batches import Batch, read_batch
from routeiq.control.usage.ledger import Ledger, Written
from routeiq.kit.db import Database

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOON = int(NOW.timestamp()) * 1_000_000
DAY_US = 86_400_000_000
JOURNAL = "0197c1d6-0000-7000-8000-00000000beef"
KEY = "a" * 64


def record(sequence: int, *, id_: str = "", journal: str = JOURNAL, **fields: Any) -> pb.UsageRecord:
    """A good one, of a second, that cost 100 nano-USD. Args: id_: '': the same for the same sequence and journal."""
    one = pb.UsageRecord(
        id=id_ or f"0197c1d6-0000-7000-8000-{crc32(journal.encode()):08x}{sequence:04x}",
        request_id=f"req-{sequence}",
        journal=journal,
        sequence=sequence,
        started_at=NOON - 1_000_000,
        ended_at=NOON,
        parties=pb.Parties(key_hash=KEY, user_id="ann", team_id="search", customer_id="acme", service="chat"),
        served=pb.Served(endpoint="chat/completions", requested_model="fast", model="gpt-4o", provider="openai"),
        tokens=pb.Tokens(input=10, output=5, cache_read=2),
        status=200,
        attempts=1,
        cost_nano_usd=100,
    )
    one.MergeFrom(pb.UsageRecord(**fields))
    return one


def sent(records: Iterable[pb.UsageRecord], oldest: int = 1) -> bytes:
    return pb.UsageBatch(records=list(records), oldest=oldest).SerializeToString()


def batch(first: int, last: int, *, oldest: int = 1, **fields: Any) -> Batch:
    """All records of those sequences."""
    return read(sent((record(sequence, **fields) for sequence in range(first, last + 1)), oldest))


def read(data: bytes) -> Batch:
    found = read_batch(data)
    assert found is not None
    return found


def opened(database: Database) -> Ledger:
    return Ledger(database, Counting(Calendar()), lambda: NOW)


class Books:
    """A ledger, and a look into it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = opened(database)

    async def write(self, *batches: Batch) -> Written:
        return await self.ledger.write(batches)

    async def watermark(self, journal: str = JOURNAL) -> int:
        async with self.database.reading() as session:
            return await session.scalar(select(UsageWatermark.sequence).where(UsageWatermark.journal == journal)) or 0

    async def rows(self) -> list[UsageRecord]:
        async with self.database.reading() as session:
            return list(await session.scalars(select(UsageRecord).order_by(UsageRecord.ended_at, UsageRecord.id)))

    async def totals(self, kind: str) -> dict[str, int]:
        """Of all days and names of that kind."""
        return await self._sums(UsageDay, UsageDay.kind == kind)

    async def details(self, *where: Any) -> dict[str, int]:
        return await self._sums(UsageDetail, *where)

    async def of_records(self) -> dict[str, int]:
        """What the sums must come to, by way of Python."""
        rows = await self.rows()
        good = [one for one in rows if not failed(one) and not one.cached and one.attempts]
        found = {name: sum(one.details.get(name, 0) for one in rows) for name in SUMMED[6:9]}
        found |= {"requests": len(rows), "failed": sum(map(failed, rows)), "cached": sum(one.cached for one in rows)}
        found |= {"unpriced": sum(one.cost_nano_usd is None for one in rows), "timed": len(good)}
        found |= {name: sum(getattr(one, name) or 0 for one in rows) for name in ("input_tokens", "output_tokens")}
        found["cost_nano_usd"] = sum(one.cost_nano_usd or 0 for one in rows)
        found["latency_us"] = sum(round((one.ended_at - one.started_at).total_seconds() * 1e6) for one in good)
        return found

    async def check(self) -> None:
        """All sums are those of the records."""
        expected = await self.of_records()
        for kind in KINDS:
            assert await self.totals(kind) == expected, kind
        assert await self.details(UsageDetail.tag == "") == expected
        for kind in TAGGED:
            assert await self.details(UsageDetail.tag != "") == await self.totals(kind), kind

    async def everything(self) -> list[Any]:
        """All rows of sums."""
        found: list[Any] = []
        async with self.database.reading() as session:
            for table in ("usage_days", "usage_details"):
                found += [tuple(row) for row in await session.execute(text(f"SELECT * FROM {table}"))]
        return sorted(found, key=repr)

    async def _sums(self, table: Any, *where: Any) -> dict[str, int]:
        columns = [func.coalesce(func.sum(getattr(table, name)), 0) for name in SUMMED]
        async with self.database.reading() as session:
            row = (await session.execute(select(*columns).where(*where))).one()
        return {name: int(value) for name, value in zip(SUMMED, row, strict=True)}


def failed(one: UsageRecord) -> bool:
    return bool(one.error) or one.status >= 400
