"""PostgreSQL away, frozen, restarted, busy; transactions that give way to each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.kit.db import Database, DatabaseUnavailable, Limits, WriteConflict
from tests.support.notes import Account, add, create
from tests.support.servers.postgres import Postgres
from tests.support.waiting import LONGER_S, PATIENCE_S, until

PATIENT = Limits(PATIENCE_S, PATIENCE_S, PATIENCE_S, PATIENCE_S, LONGER_S, connections=2)
HASTY = Limits(connect_s=1.0, connections=3)


@pytest.fixture(scope="module")
def own() -> Iterator[Postgres]:
    """A server that a test may stop. It leaves it running."""
    with Postgres() as server:
        yield server


@pytest.fixture
async def on_own(own: Postgres) -> AsyncIterator[Database]:
    made = Database(own.url_of(own.create()), schema="notes", limits=replace(PATIENT, connections=3))
    await create(made)
    yield made
    await made.close()


@pytest.fixture
async def on_shared(postgres_url: str) -> AsyncIterator[Database]:
    made = Database(postgres_url, schema="notes", limits=PATIENT)
    await create(made)
    yield made
    await made.close()


@asynccontextmanager
async def limited(database: Database, **limits: float) -> AsyncIterator[Database]:
    """The same, with less patience in one thing."""
    made = Database(
        database.url.url.render_as_string(hide_password=False), schema="notes", limits=replace(PATIENT, **limits)
    )
    yield made
    await made.close()


async def test_the_call_after_a_restart_works(own: Postgres, on_own: Database) -> None:
    async with on_own.transaction(), on_own.transaction(), on_own.transaction():
        pass  # all connections are open
    await asyncio.to_thread(own.restart)
    async with on_own.transaction() as session:
        await add(session, 5)
    async with on_own.reading() as session:
        assert (await session.scalars(select(Account.amount))).all() == [5]


async def test_the_call_after_a_crash_works(own: Postgres) -> None:
    hasty = Database(own.url, schema="notes", limits=HASTY)
    await until(hasty.answers)
    await asyncio.to_thread(own.kill)
    with pytest.raises(DatabaseUnavailable):
        async with asyncio.timeout(PATIENCE_S), hasty.transaction():
            pass
    await asyncio.to_thread(own.start)
    await until(hasty.answers)
    await hasty.close()


async def test_a_transaction_that_loses_its_server_is_unavailable(own: Postgres, on_own: Database) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with on_own.transaction() as session:
            await add(session)
            await asyncio.to_thread(own.restart)
            await session.execute(select(Account))
    async with on_own.reading() as session:
        assert (await session.execute(select(Account))).all() == []


@pytest.mark.parametrize("rested", [True, False])
async def test_a_frozen_server_is_unavailable_soon(own: Postgres, rested: bool) -> None:
    hasty = Database(own.url, schema="notes", limits=HASTY)
    if rested:
        await until(hasty.answers)
    with own.frozen():
        async with asyncio.timeout(PATIENCE_S):
            assert await asyncio.gather(*(hasty.answers() for _ in range(8))) == [False] * 8
    await until(hasty.answers)
    await hasty.close()


async def test_a_transaction_on_a_frozen_server_is_cut(own: Postgres) -> None:
    database = Database(own.url, schema="notes", limits=Limits(transaction_s=0.5))
    with pytest.raises(DatabaseUnavailable):
        async with asyncio.timeout(PATIENCE_S), database.transaction() as session:
            await session.execute(text("SELECT 1"))
            with own.frozen():
                await session.execute(text("SELECT 1"))
    await until(database.answers)
    await database.close()


async def test_a_server_that_was_never_there_is_unavailable() -> None:
    database = Database("postgresql://nobody:secret@127.0.0.1:1/none", schema="notes")
    with pytest.raises(DatabaseUnavailable) as raised:
        async with database.transaction():
            pass
    assert (raised.value.status, "secret" in str(raised.value)) == (503, False)
    await database.close()


async def test_a_statement_that_takes_too_long_is_ended(on_shared: Database) -> None:
    async with limited(on_shared, statement_s=0.2) as hasty:
        with pytest.raises(DatabaseUnavailable, match="too slow"):
            async with asyncio.timeout(PATIENCE_S), hasty.transaction() as session:
                await session.execute(text(f"SELECT pg_sleep({LONGER_S})"))
        await until(hasty.answers)


async def test_a_lock_is_waited_for_a_while_only(on_shared: Database) -> None:
    async with on_shared.transaction() as session:
        key = (await add(session)).id
    rows = select(Account).where(Account.id == key).with_for_update()
    async with on_shared.transaction() as first, limited(on_shared, lock_s=0.2) as hasty:
        await first.execute(rows)
        with pytest.raises(DatabaseUnavailable, match="too slow"):
            async with hasty.transaction() as second:
                await second.execute(rows)


async def test_a_pool_without_a_connection_to_spare_is_unavailable(on_shared: Database) -> None:
    async with limited(on_shared, connect_s=1.0) as hasty:
        await until(hasty.answers)
        async with hasty.transaction(), hasty.transaction():
            assert not await hasty.answers()
        await until(hasty.answers)


async def test_bad_sql_is_a_fault_and_not_unavailable(on_shared: Database) -> None:
    with pytest.raises(ProgrammingError):
        async with on_shared.transaction() as session:
            await session.execute(text("SELEKT"))


async def test_work_that_deadlocks_is_done_again(on_shared: Database) -> None:
    async with on_shared.transaction() as session:
        keys = [(await add(session)).id for _ in range(2)]
        await session.execute(text("ALTER DATABASE postgres SET deadlock_timeout = '50ms'"))
    barrier = asyncio.Barrier(2)
    met = 0

    async def work(session: AsyncSession, first: int, second: int) -> None:
        nonlocal met
        await session.execute(text("SET LOCAL lock_timeout = 0"))
        await session.execute(text("SET LOCAL statement_timeout = 0"))
        await session.execute(text("SET LOCAL deadlock_timeout = '50ms'"))
        await session.execute(update(Account).where(Account.id == first).values(amount=Account.amount + 1))
        met += 1
        if met <= 2:
            await barrier.wait()
        await session.execute(update(Account).where(Account.id == second).values(amount=Account.amount + 1))

    await asyncio.gather(
        on_shared.run(lambda session: work(session, *keys)), on_shared.run(lambda session: work(session, *keys[::-1]))
    )
    async with on_shared.reading() as session:
        assert (await session.execute(select(Account.amount))).scalars().all() == [2, 2]
    assert met == 3


async def test_work_that_always_conflicts_ends_with_a_conflict(on_shared: Database) -> None:
    calls = 0

    async def work(session: AsyncSession) -> None:
        nonlocal calls
        calls += 1
        await session.execute(text("DO $$ BEGIN RAISE serialization_failure; END $$"))

    with pytest.raises(WriteConflict):
        await on_shared.run(work)
    assert calls == 5


async def test_a_server_that_was_a_standby_is_found_again_as_the_primary(on_shared: Database) -> None:
    name = on_shared.url.url.database
    async with on_shared.transaction() as session:
        await session.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    await on_shared.close()
    with pytest.raises(DatabaseUnavailable):
        async with on_shared.transaction() as session:
            await add(session)
    async with on_shared.transaction() as session:
        await session.execute(text("SET TRANSACTION READ WRITE"))
        await session.execute(text(f"ALTER DATABASE {name} RESET default_transaction_read_only"))
    with pytest.raises(DatabaseUnavailable):
        async with on_shared.transaction() as session:
            await add(session)
    async with on_shared.transaction() as session:
        await add(session)


@pytest.mark.parametrize("wrong", ["nobody@", "postgres@"])
async def test_who_may_not_log_in_is_told_no_more_than_that_it_is_away(postgres_url: str, wrong: str) -> None:
    database = Database(postgres_url.replace("postgres@", wrong).replace("test_", "no_test_"), schema="notes")
    with pytest.raises(DatabaseUnavailable, match=r"does not answer\.$"):
        async with database.transaction():
            pass
    assert not await database.answers()
    await database.close()


async def test_nothing_of_another_schema_is_seen(on_shared: Database) -> None:
    async with on_shared.transaction() as session:
        await session.execute(text("CREATE TABLE public.foreign_table (id int)"))
        assert (await session.execute(text("SELECT to_regclass('foreign_table')"))).scalar_one() is None
        assert (await session.execute(text("SELECT to_regclass('account')"))).scalar_one() == "account"
