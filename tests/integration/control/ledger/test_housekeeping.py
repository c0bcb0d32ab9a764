"""Which days have partitions, and how long records are kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from routeiq.control.store import usage_partitions
from routeiq.control.store.alone import PARTITIONS, alone
from routeiq.control.usage import housekeeping
from routeiq.control.usage.housekeeping import Housekeeping, days_kept
from tests.support.control_database import open_patiently
from tests.support.usage_batches import DAY_US, NOON, NOW, Books, read, record, sent

TODAY = NOW.date()
DAY = timedelta(days=1)


@pytest.fixture
async def books(control_database_url: str) -> AsyncIterator[Books]:
    found = Books(open_patiently(control_database_url))
    yield found
    await found.database.close()


@pytest.fixture
async def partitioned(control_postgres_url: str) -> AsyncIterator[Books]:
    found = Books(open_patiently(control_postgres_url))
    yield found
    await found.database.close()


async def write_days_ago(books: Books, *days: int) -> None:
    records = [
        record(at, ended_at=NOON - ago * DAY_US, started_at=NOON - ago * DAY_US) for at, ago in enumerate(days, 1)
    ]
    await books.write(read(sent(records)))


async def days_there(books: Books) -> list[date]:
    async with books.database.reading() as session:
        return sorted(await usage_partitions.days_there(session))


def tidy(books: Books, keep_days: int = 0) -> Housekeeping:
    return Housekeeping(books.database, lambda: NOW, keep_days)


async def test_a_late_record_makes_its_partition(partitioned: Books) -> None:
    await write_days_ago(partitioned, 0, 400, 1)
    assert await days_there(partitioned) == [TODAY - 400 * DAY, TODAY - DAY, TODAY]
    assert len(await partitioned.rows()) == 3


async def test_each_record_is_in_the_partition_of_its_day(partitioned: Books) -> None:
    midnight = NOON - DAY_US // 2
    await partitioned.write(read(sent([record(1, ended_at=midnight - 1), record(2, ended_at=midnight)])))
    assert await days_there(partitioned) == [TODAY - DAY, TODAY]
    assert (await partitioned.totals("all"))["requests"] == 2


async def test_replicas_that_need_the_same_partition_make_it_once(control_postgres_url: str) -> None:
    replicas = [Books(open_patiently(control_postgres_url)) for _ in range(5)]
    await asyncio.gather(*[write_days_ago(one, *range(10)) for one in replicas])
    assert len(await days_there(replicas[0])) == 10
    assert len(await replicas[0].rows()) == 10
    for one in replicas:
        await one.database.close()


async def test_a_partition_that_was_dropped_meanwhile_is_made_again(partitioned: Books) -> None:
    await write_days_ago(partitioned, 9)
    await tidy(partitioned, 5).tidy()
    again = await partitioned.write(read(sent([record(2, ended_at=NOON - 9 * DAY_US)])))
    assert again.new == 1
    assert TODAY - 9 * DAY in await days_there(partitioned)


async def test_an_archived_day_comes_back_for_a_late_record(partitioned: Books) -> None:
    """Its operator has detached the partition, but not dropped it."""
    await write_days_ago(partitioned, 9)
    async with partitioned.database.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("ALTER TABLE usage_records DETACH PARTITION usage_records_20261113")
    await partitioned.write(read(sent([record(2, ended_at=NOON - 9 * DAY_US)])))
    assert len(await partitioned.rows()) == 2


async def test_coming_days_are_made_ahead(partitioned: Books) -> None:
    await tidy(partitioned).tidy()
    assert await days_there(partitioned) == [TODAY + ahead * DAY for ahead in range(housekeeping.AHEAD + 1)]


async def test_nobody_else_tidies_while_one_does(partitioned: Books) -> None:
    async with partitioned.database.transaction() as session:
        assert await alone(session, PARTITIONS)
        await tidy(partitioned).tidy()
    assert await days_there(partitioned) == []


async def test_records_go_when_they_are_too_old_and_their_sums_stay(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "SLICE", 2)
    await write_days_ago(books, 40, 41, 42, 43, 31, 30, 1, 0)
    before = await books.everything()
    await tidy(books, 30).tidy()
    kept = [row.ended_at.date() for row in await books.rows()]
    assert kept == [TODAY - 30 * DAY, TODAY - DAY, TODAY]
    assert await books.everything() == before


async def test_records_are_kept_for_ever_unless_somebody_says_so(books: Books) -> None:
    await write_days_ago(books, 1000)
    await tidy(books).tidy()
    assert len(await books.rows()) == 1


@pytest.mark.parametrize(
    ("setting", "document", "days"),
    [(None, None, 0), (None, "7d", 7), (None, "36h", 2), (None, "5m", 1), (90, "7d", 90), (0, "7d", 0)],
)
def test_who_says_how_long(setting: int | None, document: str | None, days: int) -> None:
    assert days_kept(setting, document) == days
