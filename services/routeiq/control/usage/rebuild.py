"""Make the sums of days again from their records: after a repair by hand, or to fill a database that was made up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from routeiq.control.store.usage_rebuild import rebuild_day
from routeiq.kit.db import Database


async def rebuild(database: Database, days: Iterable[date]) -> list[date]:
    """Each in a transaction of its own; intake goes on meanwhile, but waits. Returns: those that had records; the sums
    of others are left, for their records may have been let go."""
    done = []
    for day in days:
        async with database.transaction() as session:
            if await rebuild_day(session, database.kind, day):
                done.append(day)
    return done
