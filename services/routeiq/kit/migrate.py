"""Bring a service's schema to what its release needs. Forward only, one at a time, however many start at once.

On PostgreSQL each step is a transaction, under an advisory lock of the schema's name; whoever comes second finds
nothing left to do. It takes a connection of its own, not one of a pooler that lends it out between transactions. On
SQLite all steps are one transaction, which is alone by SQLite's own lock. A step that fails leaves nothing behind.

A database that a newer release has migrated fits this one too: a release drops nothing that the one before it needs.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import JSON, MetaData, create_engine, event, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeDecorator

from routeiq.kit.db import Database, DatabaseUnavailable, DatabaseURL
from routeiq.kit.db.engines import connect_arguments, schema_name, session_settings
from routeiq.kit.db.errors import first_line, translated
from routeiq.kit.db.sqlite_file import prepare
from routeiq.kit.errors import RouteIQError

log = structlog.get_logger()

POLL_S = 0.25


class MigrationFailed(RouteIQError):
    """Ends the process that migrates; the text is for who runs it."""

    code = "migration_failed"


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: until the server is there, until another migration has ended, until a step has a table for itself."""

    server_s: float = 60.0
    alone_s: float = 300.0
    lock_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Migrated:
    """Revisions; None: there was nothing."""

    before: str | None
    after: str | None


class Migrations:
    """The steps of one service, in a folder as Alembic wants it, for a schema of its own."""

    def __init__(self, folder: Path, schema: str) -> None:
        """Raises: MigrationFailed: the steps do not follow one another."""
        self.schema = schema_name(schema)
        self.folder = folder
        scripts = ScriptDirectory(str(folder))
        try:
            self.head = scripts.get_current_head()
        except CommandError as error:
            raise MigrationFailed(f"cannot migrate: {error}") from None
        self._known = {step.revision for step in scripts.walk_revisions()}

    def run(self, address: str, patience: Patience = Patience()) -> Migrated:
        """Blocks for as long as it takes. Raises: MigrationFailed; DatabaseUnavailable; ConfigurationError."""
        url = DatabaseURL.parse(address)
        if url.kind == "sqlite":
            prepare(url)
        engine = _engine(url, self.schema, patience)
        try:
            _wait_until_there(engine, patience.server_s)
            with translated(writing=True), engine.connect() as connection:
                return self._alone(connection, patience) if url.kind == "postgres" else self._at_once(connection)
        finally:
            engine.dispose()

    async def fit(self, database: Database) -> bool:
        """Whether this release can work with the schema that is there. Never raises: a check of `kit.health`."""
        try:
            async with database.reading() as session:
                found = set((await session.scalars(text("SELECT version_num FROM alembic_version"))).all())
        except DatabaseUnavailable:
            return False
        except DBAPIError:  # there is no such table yet
            return False
        return self._fits(found)

    def config(self, connection: Connection) -> Config:
        """For Alembic's commands."""
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(self.folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        return config

    def _fits(self, found: set[str]) -> bool:
        return bool(found) and (self.head in found or not found <= self._known)

    def _alone(self, connection: Connection, patience: Patience) -> Migrated:
        with _advisory_lock(connection, self.schema, patience.alone_s):
            _make_schema(connection, self.schema)
            return self._upgrade(connection)

    def _at_once(self, connection: Connection) -> Migrated:
        """Steps that rebuild a table drop the old one, so references are checked at the end instead."""
        with connection.begin():
            done = self._upgrade(connection)
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise MigrationFailed(f"cannot migrate: rows of {broken[0][0]} would refer to nothing")
            return done

    def _upgrade(self, connection: Connection) -> Migrated:
        before = _revision(connection)
        if before is not None and before not in self._known:
            log.info("migrate.newer", revision=before, own=self.head)
            return Migrated(before, before)
        try:
            command.upgrade(self.config(connection), "head")
        except CommandError as error:
            raise MigrationFailed(f"cannot migrate: {error}") from None
        except DBAPIError as error:
            raise MigrationFailed(f"cannot migrate: {first_line(error)}") from error
        return Migrated(before, _revision(connection))


def in_environment(context: Any, metadata: MetaData) -> None:
    """All of a service's `env.py`: run the steps on the connection of `Migrations.run`.

    Args: context: the module `alembic.context`, which stands for an EnvironmentContext."""
    environment: EnvironmentContext = context
    connection: Connection = environment.config.attributes["connection"]
    sqlite = connection.dialect.name == "sqlite"
    environment.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=not sqlite,
        transactional_ddl=True,
        render_as_batch=True,
        compare_type=True,
        compare_server_default=True,
        render_item=_plain,
    )
    with environment.begin_transaction():
        environment.run_migrations()


def _plain(kind: str, item: Any, _: object) -> str | Literal[False]:
    """A step names what is stored, not a type of ours, which may change after it. `JSON` is in each step's file."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    if kind == "type" and isinstance(item, JSON):
        return "JSON"
    return False


def _revision(connection: Connection) -> str | None:
    revision = MigrationContext.configure(connection).get_current_revision()
    if connection.dialect.name == "postgresql":
        connection.commit()
    return revision


def _engine(url: DatabaseURL, schema: str, patience: Patience) -> Engine:
    if url.kind == "postgres":
        engine = create_engine(url.url, poolclass=NullPool, connect_args=connect_arguments("routeiq-migrate", 5.0))
        told = [session_settings(schema, statement_s=0, lock_s=patience.lock_s).decode()]
    else:
        engine = create_engine(url.url, poolclass=NullPool)
        told = [f"PRAGMA busy_timeout = {int(patience.alone_s * 1000)}", "PRAGMA foreign_keys = OFF"]
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))

    def connected(connection: Any, _: Any) -> None:
        if url.kind == "sqlite":
            connection.isolation_level = None
        for statement in told:
            connection.cursor().execute(statement)
        connection.commit()

    event.listen(engine, "connect", connected)
    return engine


def _wait_until_there(engine: Engine, seconds: float) -> None:
    """Raises: DatabaseUnavailable: it was not there in time; the log has the reasons."""
    end = time.monotonic() + seconds
    while True:
        try:
            with translated(writing=True), engine.connect():
                return
        except DatabaseUnavailable:
            if time.monotonic() > end:
                raise
        time.sleep(min(1.0, seconds / 10))


@contextmanager
def _advisory_lock(connection: Connection, schema: str, seconds: float) -> Iterator[None]:
    """Asked for again and again: who waits for it inside a statement holds up an index that is built concurrently.

    Raises: MigrationFailed: another migration has not ended in time."""
    number = int.from_bytes(hashlib.sha256(f"routeiq/migrate/{schema}".encode()).digest()[:8], signed=True)
    end = time.monotonic() + seconds
    while not _asked(connection, "pg_try_advisory_lock", number):
        if time.monotonic() > end:
            raise MigrationFailed("another migration has not ended in time")
        time.sleep(POLL_S)
    try:
        yield
    finally:
        if not (connection.closed or connection.invalidated):  # else the server has freed it
            connection.rollback()
            _asked(connection, "pg_advisory_unlock", number)


def _asked(connection: Connection, function: str, number: int) -> bool:
    answer = bool(connection.scalar(text(f"SELECT {function}(:number)"), {"number": number}))
    connection.commit()
    return answer


def _make_schema(connection: Connection, schema: str) -> None:
    """Only if it is not there: to make one takes a right that not everybody has."""
    if not connection.scalar(text("SELECT 1 FROM pg_namespace WHERE nspname = :schema"), {"schema": schema}):
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    connection.commit()
