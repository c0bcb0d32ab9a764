"""Records that are no longer kept, on SQLite, which has no partitions to drop."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.kit.db import UTCDateTime

SLICE = 5000
"""Rows that are deleted at once, in some 50 ms."""
_DELETE = text(
    "DELETE FROM usage_records WHERE rowid IN"
    " (SELECT rowid FROM usage_records WHERE ended_at < :before ORDER BY ended_at LIMIT :most)"
).bindparams(bindparam("before", type_=UTCDateTime), most=SLICE)


async def delete_slice(session: AsyncSession, before: datetime) -> int:
    """Of those that ended earlier, the oldest. Returns: how many there were."""
    found = await session.execute(_DELETE, {"before": before})
    return int(getattr(found, "rowcount", 0))
