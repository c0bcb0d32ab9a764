"""Make the sums of a day again from its records."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import bindparam, delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store import usage_rollups
from routeiq.control.store.usage_folds import unfold
from routeiq.control.store.usage_tables import UsageDay, UsageDetail, UsageRecord
from routeiq.kit.db import UTCDateTime
from routeiq.kit.db.url import Kind

_LOCK = text("LOCK TABLE usage_folds, usage_details, usage_days IN SHARE ROW EXCLUSIVE MODE")
"""Intake waits before it adds to them, with its own records unseen as yet, and adds them afterwards."""
_PATIENT = text("SET LOCAL statement_timeout TO 0")
_OF_DAY = "ended_at >= :since AND ended_at < :until"


async def rebuild_day(session: AsyncSession, kind: Kind, day: date) -> bool:
    """False: there are no records of that day, perhaps any more; then its sums stay as they are."""
    if kind == "postgres":
        await session.execute(_PATIENT)
        await session.execute(_LOCK)
    since = datetime.combine(day, time(), UTC)
    bounds = {"since": since, "until": since + timedelta(days=1)}
    of_day = (UsageRecord.ended_at >= since, UsageRecord.ended_at < bounds["until"])
    if await session.scalar(select(UsageRecord.id).where(*of_day).limit(1)) is None:
        return False
    await unfold(session, day)
    types = [bindparam(name, type_=UTCDateTime) for name in bounds]
    for table, add in ((UsageDetail, usage_rollups.add_details), (UsageDay, usage_rollups.add_days)):
        await session.execute(delete(table).where(table.day == day))
        await session.execute(add(kind, "usage_records", _OF_DAY).bindparams(*types), bounds)
    return True
