"""Transactions, alike on PostgreSQL and on SQLite."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from routeiq.kit.db import Database
from tests.support.notes import Account, Note, add
from tests.support.waiting import PATIENCE_S

WRITERS = 100


async def count(database: Database, table: type[Account] | type[Note] = Account) -> int:
    async with database.reading() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def test_a_transaction_is_committed_at_its_end(database: Database) -> None:
    async with database.transaction() as session:
        session.add(Account(amount=1))
    assert await count(database) == 1


async def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(KeyError):
        async with database.transaction() as session:
            await add(session)
            raise KeyError
    assert await count(database) == 0


async def test_a_commit_inside_commits_nothing_yet(database: Database) -> None:
    with pytest.raises(KeyError):
        async with database.transaction() as session:
            await add(session)
            await session.commit()
            raise KeyError
    assert await count(database) == 0


async def test_a_cancelled_transaction_leaves_nothing_and_gives_its_connection_back(database: Database) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with database.transaction() as session:
            await add(session)
            begun.set()
            await asyncio.sleep(60)

    for _ in range(database.limits.connections + 2):
        task = asyncio.create_task(work())
        await begun.wait()
        begun.clear()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await count(database) == 0


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"):
        async with database.reading() as session:
            await add(session)
    assert await count(database) == 0


async def test_a_foreign_key_holds(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.transaction() as session:
            session.add(Note(account_id=99))


async def test_an_errors_text_does_not_repeat_what_was_written(database: Database) -> None:
    with pytest.raises(IntegrityError) as raised:
        async with database.transaction() as session:
            session.add(Note(account_id=99, content={"password": "secret"}))
    assert "secret" not in str(raised.value)


async def test_a_hundred_writers_at_once_lose_nothing(database: Database) -> None:
    async with database.transaction() as session:
        key = (await add(session)).id

    async def work() -> None:
        async with database.transaction() as session:
            await session.execute(update(Account).where(Account.id == key).values(amount=Account.amount + 1))
            session.add(Note(account_id=key))

    await asyncio.gather(*(work() for _ in range(WRITERS)))
    async with database.reading() as session:
        assert (await session.execute(select(Account.amount))).scalar_one() == WRITERS
    assert await count(database, Note) == WRITERS


async def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    async with database.transaction() as session:
        await add(session)
        async with asyncio.timeout(PATIENCE_S):
            assert await count(database) == 0


async def test_a_time_comes_back_in_utc_and_an_object_as_it_was(database: Database) -> None:
    at = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=timezone(timedelta(hours=5)))
    content: dict[str, object] = {"text": "\u00fc\u4e2d", "numbers": [1, 2.5, None], "deep": {"a": True}}
    async with database.transaction() as session:
        session.add(Note(at=at, content=content))
    async with database.reading() as session:
        note = (await session.execute(select(Note))).scalar_one()
    assert (note.at, note.at.tzinfo, note.content) == (at, UTC, content)  # type: ignore[union-attr]


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="without a zone"):
        async with database.transaction() as session:
            session.add(Note(at=datetime(2026, 3, 1)))


async def test_it_says_whether_it_answers(database: Database) -> None:
    assert await database.answers()
