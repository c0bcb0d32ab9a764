"""`make bench-ledger`: how long each of the ledger's readings takes over many requests, and how many it takes in.

ROWS (10,000,000), ASKS (5: how often each question is asked), CHECK=1 (exit status 1 when a goal is missed) and ONLY
(paths that contain one of these, comma-separated) come from the environment. The database is its own.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

import httpx
from sqlalchemy import text

from routeiq.control.budgets.calendar import Calendar
from routeiq.control.migrations import control_migrations
from routeiq.control.spending.counting import Counting
from routeiq.control.store.tables import SCHEMA
from routeiq.control.usage.folding import Folding
from routeiq.control.usage.ledger import Ledger
from routeiq.control.usage.rebuild import rebuild
from routeiq.control.usage.routes import usage_routers
from routeiq.kit.clock import now
from routeiq.kit.db import Database, Limits
from routeiq.kit.memory import kept
from tests.perf.ledger_intake import Intake, measure_intake
from tests.support.people import Control, House
from tests.support.servers.postgres import Postgres
from tests.support.usage_rows import Shape, add_day, add_holders

GOAL_MS, GOAL_RECORDS_S = 200.0, 10_000.0
PATIENT = Limits(statement_s=3600.0, lock_s=60.0, transaction_s=3600.0)
SHAPE = Shape()


class Ask(NamedTuple):
    path: str
    query: dict[str, str]

    def __str__(self) -> str:
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


class Timed(NamedTuple):
    ask: Ask
    status: int
    median_ms: float
    worst_ms: float
    bytes: int


class LargePostgres(Postgres):
    """With what a machine of its own would give it."""

    def _command(self) -> list[str]:
        more = {"shared_buffers": "1GB", "max_wal_size": "8GB", "work_mem": "64MB", "autovacuum": "on"}
        return [*super()._command(), *[f"--{name}={value}" for name, value in more.items()]]


def asks(last: date) -> list[Ask]:
    """Each reading over all days, and what is asked most over the last month."""
    whole = {"start_date": str(last - timedelta(days=SHAPE.days - 1)), "end_date": str(last)}
    month = {"start_date": str(last - timedelta(days=29)), "end_date": str(last)}
    summed = [
        *(f"/api/v1/usage/{one}" for one in ("summary", "by-provider", "by-service", "by-customer")),
        "/global/spend", "/global/spend/logs", "/global/spend/keys", "/global/spend/models", "/global/spend/teams",
        "/global/spend/provider", "/global/spend/tags", "/global/spend/report", "/global/activity",
        "/global/activity/model", "/global/spend/all_tag_names", "/global/all_end_users",
        "/spend/keys", "/spend/users", "/spend/teams", "/spend/tags", "/tag/summary", "/spend/logs",
    ]  # fmt: skip
    activity = [f"/{who}/daily/activity" for who in ("user", "team", "tag", "customer")]
    return [
        *(Ask(path, whole) for path in summed),
        *(Ask(path, span) for span in (month, whole) for path in activity),
        Ask("/user/daily/activity", {**whole, "user_id": "user-7"}),
        Ask("/team/daily/activity", {**whole, "team_ids": "team-7"}),
        Ask("/tag/daily/activity", {**whole, "tags": "tag-8"}),
        Ask("/spend/logs", {**whole, "user_id": "user-7"}),
        Ask("/spend/logs", {"request_id": f"req-{last}-1"}),
        Ask("/spend/logs/v2", {"start_date": f"{last} 00:00:00", "end_date": f"{last} 23:59:59"}),
    ]


async def fill(database: Database, rows: int, last: date) -> None:
    """Requests of all days, and what they come to."""
    await add_holders(database, SHAPE)
    for day in SHAPE.dates(last):
        async with database.transaction() as session:
            await add_day(session, SHAPE, day, rows // SHAPE.days)
    await rebuild(database, SHAPE.dates(last))
    await Folding(database, now).fold()


async def vacuum(database: Database) -> None:
    async with database._writers.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(text("SET statement_timeout TO 0"))
        await plain.execute(text("VACUUM ANALYZE"))


async def time_asks(client: httpx.AsyncClient, wanted: list[Ask], times: int) -> list[Timed]:
    found = []
    for ask in wanted:
        took, answer = [], httpx.Response(0)
        for _ in range(times):
            began = time.perf_counter()
            answer = await client.get(ask.path, params=ask.query)
            took.append((time.perf_counter() - began) * 1000)
        found.append(Timed(ask, answer.status_code, statistics.median(took), max(took), len(answer.content)))
        _show(found[-1])
    return found


async def measure(url: str, rows: int, times: int, only: list[str]) -> bool:
    """Returns: whether all goals were met."""
    database, last = Database(url, schema=SCHEMA, limits=PATIENT), now().date() - timedelta(days=1)
    await _timed("filled", lambda: fill(database, rows, last))
    await _timed("vacuumed", lambda: vacuum(database))
    wanted = [one for one in asks(last) if not only or any(part in one.path for part in only)]
    with kept():  # as the service does
        control = Control(database, House(usage_routers))
    control.moments.now = now()
    async with control.asked() as client:
        found = await time_asks(client, wanted, times)
    taken = await measure_intake(Ledger(database, Counting(Calendar()), now), SHAPE)
    _show_intake(taken)
    await database.close()
    return all(one.status == 200 and one.median_ms <= GOAL_MS for one in found) and taken.records_s >= GOAL_RECORDS_S


def main(environ: dict[str, str]) -> int:
    rows, times = int(environ.get("ROWS") or 10_000_000), int(environ.get("ASKS") or 5)
    only = [part for part in environ.get("ONLY", "").split(",") if part]
    with LargePostgres() as server:
        control_migrations().run(server.url)
        print(f"{rows:,} requests of {SHAPE.days} days", flush=True)
        good = asyncio.run(measure(server.url, rows, times, only))
    return 0 if good or environ.get("CHECK") != "1" else 1


async def _timed(what: str, work: Callable[[], Awaitable[None]]) -> None:
    began = time.perf_counter()
    await work()
    print(f"{what} in {time.perf_counter() - began:.0f} s", flush=True)


def _show(one: Timed) -> None:
    mark = " " if one.status == 200 and one.median_ms <= GOAL_MS else "!"
    print(
        f"{mark} {one.median_ms:8.1f} ms  worst {one.worst_ms:8.1f}  {one.status}  {one.bytes:9,} B  {one.ask}",
        flush=True,
    )


def _show_intake(taken: Intake) -> None:
    print(
        f"intake: {taken.records_s:,.0f} records/s, {taken.batch_ms:.0f} ms a batch of {taken.batch},"
        f" {taken.cpu_us:.0f} us of our CPU a record; {taken.grouped_s:,.0f} records/s ten batches at a time"
    )


if __name__ == "__main__":
    sys.exit(main(dict(os.environ)))
