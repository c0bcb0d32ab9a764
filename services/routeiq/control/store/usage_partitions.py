"""PostgreSQL's partitions of `usage_records`, one for each day. SQLite has none, and nothing here is called there.

One is made as a table of its own and then attached, which holds up neither readers nor writers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store.alone import PARTITIONS, wait_alone

PREFIX = "usage_records_"
_FORMAT = f"{PREFIX}%Y%m%d"
_THERE = text(
    "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
    " WHERE inhparent = CAST('usage_records' AS regclass)"
)


async def days_there(session: AsyncSession) -> set[date]:
    """Partitions of other kinds are their operator's, and left alone."""
    return {day for name in await session.scalars(_THERE) if (day := _day(name)) is not None}


async def make_days(session: AsyncSession, days: Iterable[date]) -> None:
    """Those of them that are not there, whoever else does so at the moment."""
    await wait_alone(session, PARTITIONS)
    for day in sorted(set(days) - await days_there(session)):
        name, begin, end = f"{day:{_FORMAT}}", f"{day} 00:00+00", f"{day + timedelta(days=1)} 00:00+00"
        await session.execute(text(f"CREATE TABLE IF NOT EXISTS {name} (LIKE usage_records INCLUDING ALL)"))
        bounds = f"FOR VALUES FROM ('{begin}') TO ('{end}')".replace(":", "\\:")
        await session.execute(text(f"ALTER TABLE usage_records ATTACH PARTITION {name} {bounds}"))


async def drop_day(session: AsyncSession, day: date) -> None:
    """Whether or not it is there. It waits for who reads the table, and others for it, so not for long."""
    await wait_alone(session, PARTITIONS)
    await session.execute(text("SET LOCAL lock_timeout TO '500ms'"))
    await session.execute(text(f"DROP TABLE IF EXISTS {day:{_FORMAT}}"))


def _day(name: str) -> date | None:
    try:
        return datetime.strptime(name, _FORMAT).date()
    except ValueError:
        return None
