"""An engine for each kind of database, with everything set that its server or file needs to know.

A PostgreSQL connection knows its schema and its limits. SQLite has two engines: one for readers, who write nothing,
and one with a single connection for writers, who so take turns in order instead of finding the file locked.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
import structlog
from sqlalchemy import event
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from routeiq.kit.db.limits import Limits
from routeiq.kit.db.url import DatabaseURL
from routeiq.kit.errors import ConfigurationError

log = structlog.get_logger()

RECYCLE_S = 1800
READ_ONLY = "25006"
"""What a server that was demoted to a standby says to writers. Source: PostgreSQL, appendix A."""
_decode = msgspec.json.Decoder().decode
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
"""Of a schema: nothing that needs quotes."""


def schema_name(name: str) -> str:
    """Raises: ConfigurationError: it would need quotes."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError([f"{name!r} is not a name for a schema"])
    return name


def session_settings(schema: str, *, statement_s: float, lock_s: float) -> bytes:
    """What a PostgreSQL connection is told first. Nothing of schema `public` is ever found.

    Without compiling: the server would do it anew for each batch of usage, by what it guesses of a temporary table, and
    take longer for it than for the batch."""
    return (
        f"SET search_path TO {schema_name(schema)}; SET timezone TO 'UTC'; SET jit TO off; "
        f"SET statement_timeout TO {int(statement_s * 1000)}; SET lock_timeout TO {int(lock_s * 1000)}"
    ).encode()


def read_json(text: str | bytes) -> Any:
    """A column's. Three times as fast as Python's own, which reads what is more than JSON: SQLite keeps that too."""
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return json.loads(text)


def connect_arguments(name: str, connect_s: float) -> dict[str, object]:
    """A peer that is gone is noticed within half a minute, also when it said nothing."""
    return {
        "application_name": name,
        "connect_timeout": max(int(connect_s), 2),  # the least that libpq knows
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }


def postgres(url: DatabaseURL, schema: str, name: str, limits: Limits) -> AsyncEngine:
    """Connections that have rested are asked whether they live before they are lent. When the server has become a
    standby, all are given up: its name may lead to another one now."""
    engine = create_async_engine(
        url.async_url,
        pool_size=limits.connections,
        max_overflow=0,
        pool_timeout=limits.connect_s,
        pool_recycle=RECYCLE_S,
        pool_use_lifo=True,
        connect_args=connect_arguments(name, limits.connect_s),
        json_deserializer=read_json,
        hide_parameters=True,  # an error's text ends in a log
    )
    told = session_settings(schema, statement_s=limits.statement_s, lock_s=limits.lock_s)

    def connected(connection: Any, record: Any) -> None:
        connection.autocommit = True
        connection.cursor().execute(told)
        connection.autocommit = False
        record.info["fresh"] = True

    def lent(connection: Any, record: Any, _: Any) -> None:
        if record.info.pop("fresh", False):
            return
        try:
            with cut_after(connection.driver_connection, limits.connect_s / 2):
                engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            raise InvalidatePoolError from None

    def failed(context: ExceptionContext) -> None:
        if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
            context.is_disconnect = True

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "checkout", lent)
    event.listen(engine.sync_engine, "handle_error", failed)
    return engine


def sqlite(url: DatabaseURL, limits: Limits, *, writer: bool) -> AsyncEngine:
    """The file is there (`sqlite_file.prepare`)."""
    engine = create_async_engine(
        url.async_url,
        pool_size=1 if writer else limits.connections,
        max_overflow=0,
        pool_timeout=limits.write_s if writer else limits.connect_s,
        pool_use_lifo=True,  # each is a thread: as few as are needed
        json_deserializer=read_json,
        hide_parameters=True,  # as above
    )
    begin = "BEGIN IMMEDIATE" if writer else "BEGIN"

    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in sqlite_pragmas(limits, writer=writer):
            cursor.execute(pragma)
        cursor.close()

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "begin", begun)
    return engine


def sqlite_pragmas(limits: Limits, *, writer: bool) -> Iterator[str]:
    """What was committed survives the death of the process, not always that of the machine."""
    yield f"PRAGMA busy_timeout = {int(limits.write_s * 1000)}"
    yield "PRAGMA synchronous = NORMAL"
    yield "PRAGMA foreign_keys = ON"
    if not writer:
        yield "PRAGMA query_only = ON"


async def driver_of(connection: AsyncConnection) -> Any:
    """The driver's own connection."""
    return (await connection.get_raw_connection()).driver_connection


@contextmanager
def cut_after(driver: Any, seconds: float) -> Iterator[None]:
    """Close psycopg's socket under it after so long: what waits for the server then fails as if that had gone away.

    Cancelling would not do: psycopg asks the server to cancel first, and waits for it."""
    timer = asyncio.get_running_loop().call_later(seconds, _cut, driver)
    try:
        yield
    finally:
        timer.cancel()


def _cut(driver: Any) -> None:
    if driver.closed:
        return
    log.warning("database.cut")
    with suppress(OSError), socket.socket(fileno=os.dup(driver.pgconn.socket)) as copy:
        copy.shutdown(socket.SHUT_RDWR)
