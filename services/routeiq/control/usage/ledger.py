"""Write batches of records: in one transaction those that are new, what they come to by day, what they cost to whom,
and how far their journals have been read. Whatever comes twice, late or in another order, counts once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.spending.charging import Charge
from routeiq.control.store import usage_intake, usage_partitions, usage_watermarks
from routeiq.control.usage.charges import charges_of
from routeiq.control.usage.intake_batches import Batch, by_id
from routeiq.control.usage.intake_rows import Incoming
from routeiq.control.usage.intake_values import DAY_US, date_of, time_of
from routeiq.kit.clock import Clock
from routeiq.kit.db import Database

Spend = Callable[[AsyncSession, Iterable[Charge], datetime], Awaitable[object]]
"""Put charges onto those who have to bear them."""


class Written(NamedTuple):
    """`joined`: of each batch, whether it followed what was read of its journal before."""

    new: int
    duplicate: int
    joined: Sequence[bool]


class Ledger:
    """The writing side of the ledger. Any number of replicas may write at once."""

    def __init__(self, database: Database, spend: Spend, clock: Clock) -> None:
        self._database, self._spend, self._clock = database, spend, clock
        self._days: set[date] = set()
        """Whose partitions are there."""

    async def write(self, batches: Sequence[Batch]) -> Written:
        """Raises: DatabaseUnavailable, WriteConflict: nothing was written, or its answer was lost: write it again."""
        records = by_id(batches)
        days = {date_of(number) for number in {one.ended_at // DAY_US for one in records.values()}}
        await self._have_days(days)

        async def work(session: AsyncSession) -> Written:
            return await self._write(session, batches, records)

        try:
            return await self._database.run(work)
        except IntegrityError:  # a partition was dropped meanwhile: no other constraint can fail here
            self._days -= days
            await self._have_days(days)
            return await self._database.run(work)

    async def _have_days(self, days: Collection[date]) -> None:
        """In a transaction of its own, whose locks are short."""
        missing = set(days) - self._days
        if missing and self._database.kind == "postgres":
            async with self._database.transaction() as session:
                await usage_partitions.make_days(session, missing)
        self._days |= missing

    async def _write(self, session: AsyncSession, batches: Sequence[Batch], records: dict[str, Incoming]) -> Written:
        kind, now = self._database.kind, self._clock()
        journals = {stretch.journal for batch in batches for stretch in batch.stretches}
        await usage_watermarks.lock_journals(session, kind, journals, now)
        new = await self._write_new(session, records)
        if new:
            await self._spend(session, charges_of(new), now)
            await usage_intake.add_up(session, kind)
        joined = [await self._advance(session, batch, now) for batch in batches]
        sent = sum(len(batch.records) for batch in batches)
        return Written(len(new), sent - len(new), joined)

    async def _write_new(self, session: AsyncSession, records: dict[str, Incoming]) -> list[Incoming]:
        if not records:
            return []
        kind, since = self._database.kind, time_of(min(one.started_at for one in records.values()))
        known = await usage_intake.known_ids(session, kind, records, since)
        rows = [one.row for id_, one in records.items() if id_ not in known]
        new = await usage_intake.write_records(session, kind, rows) if rows else set()
        return [one for id_, one in records.items() if id_ in new]

    async def _advance(self, session: AsyncSession, batch: Batch, now: datetime) -> bool:
        kind = self._database.kind
        return all([await usage_watermarks.advance(session, kind, stretch, now) for stretch in batch.stretches])
