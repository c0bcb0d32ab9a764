"""Write records that are not there yet, with what they come to.

They go through a temporary table of the connection, so that PostgreSQL takes them as one COPY, and both databases work
out the sums by themselves. It is truncated by each commit and lives as long as the connection.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store import usage_rollups
from routeiq.control.store.arrays import Texts
from routeiq.control.store.usage_tables import UsageRecord
from routeiq.kit.db import UTCDateTime
from routeiq.kit.db.engines import driver_of
from routeiq.kit.db.url import Kind

COLUMNS = tuple(column.name for column in UsageRecord.__table__.columns)
Row = Sequence[str | int | bool | None]
"""Values for `COLUMNS`: times as `YYYY-MM-DD HH:MM:SS.ffffff` in UTC, JSON as text. Only the last one may be None."""

_NAMES = ", ".join(COLUMNS)
_STAGE = {
    "postgres": "CREATE TEMP TABLE IF NOT EXISTS incoming (LIKE usage_records) ON COMMIT DELETE ROWS",
    "sqlite": "CREATE TEMP TABLE IF NOT EXISTS incoming AS SELECT * FROM usage_records WHERE false",
}
_WRITE = text(
    f"INSERT INTO usage_records ({_NAMES}) SELECT {_NAMES} FROM incoming WHERE true ORDER BY id"
    " ON CONFLICT DO NOTHING RETURNING id"
)
_COPY = f"COPY incoming ({_NAMES}) FROM STDIN".encode()
_TABS = len(COLUMNS) - 1
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_INSERT = f"INSERT INTO incoming ({_NAMES}) VALUES ({', '.join('?' * len(COLUMNS))})"
_SINCE = "ended_at >= :since"
_KNOWN = {
    "postgres": text(f"SELECT id FROM usage_records WHERE id = ANY(:ids) AND {_SINCE}").bindparams(
        bindparam("ids", type_=Texts)
    ),
    "sqlite": text(f"SELECT id FROM usage_records WHERE id IN :ids AND {_SINCE}").bindparams(
        bindparam("ids", expanding=True)
    ),
}
_DROP = text("DELETE FROM incoming WHERE id IN :ids").bindparams(bindparam("ids", expanding=True))


async def known_ids(session: AsyncSession, kind: Kind, ids: Collection[str], since: datetime) -> set[str]:
    """Those of them that the ledger has. Args: since: none of them ended earlier."""
    statement = _KNOWN[kind].bindparams(bindparam("since", type_=UTCDateTime))
    return set(await session.scalars(statement, {"ids": list(ids), "since": since}))


async def write_records(session: AsyncSession, kind: Kind, rows: Sequence[Row]) -> set[str]:
    """Of different ids. Their partitions are there. Returns: the ids of those that were not there yet."""
    await _stage(session, kind, rows)
    new = set(await session.scalars(_WRITE))
    known = [str(row[0]) for row in rows if row[0] not in new]
    if known:  # another replica was faster
        await session.execute(_DROP, {"ids": known})
    return new


async def add_up(session: AsyncSession, kind: Kind) -> None:
    """Onto the sums, what `write_records` has just written. Last, for all replicas want some of these rows."""
    await session.execute(usage_rollups.add_details(kind, "incoming"))
    await session.execute(usage_rollups.add_days(kind, "incoming"))


async def _stage(session: AsyncSession, kind: Kind, rows: Sequence[Row]) -> None:
    connection = await session.connection()
    await connection.exec_driver_sql(_STAGE[kind])
    if kind == "sqlite":
        await connection.exec_driver_sql("DELETE FROM incoming")
        await connection.exec_driver_sql(_INSERT, [tuple(row) for row in rows])
        return
    driver: Any = await driver_of(connection)
    async with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        await copy.write("".join(map(_line, rows)))


def _line(row: Row) -> str:
    """As COPY reads it. The driver's own way takes three times as long."""
    line = "\t".join(map(str, row))
    if line.count("\t") != _TABS or "\\" in line or "\n" in line or "\r" in line:
        line = "\t".join([str(value).translate(_ESCAPED) for value in row])
    return f"{line}\n" if row[-1] is not None else f"{line.removesuffix('None')}\\N\n"
