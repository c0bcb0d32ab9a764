"""Transactions on a service's own database. The same calls work on PostgreSQL and on a SQLite file.

A call ends within its limits, also when the server is away or frozen: then with `DatabaseUnavailable`, and the next
one finds the server again by itself. Make it in the running loop, or before; `close` it in the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from routeiq.kit.db import engines, sqlite_file
from routeiq.kit.db.errors import DatabaseUnavailable, WriteConflict, translated
from routeiq.kit.db.limits import Limits
from routeiq.kit.db.url import DatabaseURL, Kind

PAUSES_S = (0.01, 0.03, 0.1, 0.3)

Result = TypeVar("Result")


class Database:
    """One database, one schema. Opens nothing before the first transaction.

    Args: schema: PostgreSQL's, ours alone; SQLite has a file of our own instead.  name: whom the server's own
    statistics name."""

    def __init__(
        self, url: str | DatabaseURL, *, schema: str, name: str = "routeiq", limits: Limits | None = None
    ) -> None:
        """Raises: ConfigurationError: not an address of a database, or a file that cannot be used."""
        self.url = url if isinstance(url, DatabaseURL) else DatabaseURL.parse(url)
        self.schema = engines.schema_name(schema)
        self.limits = limits or Limits()
        if self.url.kind == "postgres":
            self._writers = self._readers = engines.postgres(self.url, schema, name, self.limits)
        else:
            sqlite_file.prepare(self.url)
            self._writers = engines.sqlite(self.url, self.limits, writer=True)
            self._readers = engines.sqlite(self.url, self.limits, writer=False)

    @property
    def kind(self) -> Kind:
        return self.url.kind

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Committed at the end of the block, rolled back when it raises. A `commit` inside commits nothing yet.

        Raises: DatabaseUnavailable: nothing was written, unless the commit itself was not answered.  WriteConflict:
        nothing was written."""
        async with self._connection(writing=True) as connection, connection.begin(), _session(connection) as session:
            yield session
            await session.flush()

    @contextlib.asynccontextmanager
    async def reading(self, *, one_moment: bool = False) -> AsyncIterator[AsyncSession]:
        """For reading alone: the database refuses to write. Raises: DatabaseUnavailable.

        Args: one_moment: all that is read is as it was when the first of it was, as always with SQLite."""
        async with self._connection(writing=False) as connection:
            if self.kind == "postgres":
                level = {"isolation_level": "REPEATABLE READ"} if one_moment else {}
                await connection.execution_options(postgresql_readonly=True, **level)
            async with connection.begin(), _session(connection) as session:
                yield session

    async def run(self, work: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
        """`work` in a transaction; again, a few times, when it had to give way to another one.

        It may so be called several times: what it does outside of the database it does several times as well."""
        for pause in PAUSES_S:
            with contextlib.suppress(WriteConflict):
                async with self.transaction() as session:
                    return await work(session)
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
        async with self.transaction() as session:
            return await work(session)

    async def answers(self) -> bool:
        """Whether it can be asked now. Never raises: a check of `kit.health`."""
        try:
            async with self.reading() as session:
                await session.execute(text("SELECT 1"))
        except (DatabaseUnavailable, DBAPIError):
            return False
        return True

    async def close(self) -> None:
        """Idempotent. Who still has a transaction loses it."""
        for engine in {self._writers, self._readers}:
            await engine.dispose()

    @contextlib.asynccontextmanager
    async def _connection(self, *, writing: bool) -> AsyncIterator[AsyncConnection]:
        with translated(writing=writing):
            async with contextlib.AsyncExitStack() as stack:
                connection = await self._open(self._writers if writing else self._readers)
                if self.kind == "postgres":
                    driver = await engines.driver_of(connection)
                    stack.enter_context(engines.cut_after(driver, self.limits.transaction_s))
                stack.push_async_exit(connection)
                yield connection

    async def _open(self, engine: AsyncEngine) -> AsyncConnection:
        """A pool waits for a free connection by its own clock, which ends with another error."""
        patience = self.limits.connect_s if self.kind == "postgres" else self.limits.write_s + self.limits.connect_s
        try:
            async with asyncio.timeout(patience):
                return await engine.connect()
        except TimeoutError:
            raise DatabaseUnavailable from None


def _session(connection: AsyncConnection) -> AsyncSession:
    return AsyncSession(connection, expire_on_commit=False)
