"""What goes wrong between us and a database, in words of ours.

    Unavailable
    |- DatabaseUnavailable  503  it is away, full, busy or too slow; the next call may work
    `- WriteConflict        503  it gave way to another transaction; the same work may be tried again

What the caller did (a constraint that does not hold) and what we did (bad SQL) pass as SQLAlchemy raises them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import exc

from routeiq.kit.db.engines import READ_ONLY
from routeiq.kit.errors import Unavailable

log = structlog.get_logger()

_CONFLICTS = frozenset({"40001", "40P01"})
_AWAY = ("08", "28", "3D", "53", "57P", "58")
"""Also who may not log in, or finds no database of that name: what is wrong is not the caller's to know."""
_TOO_SLOW = frozenset({"55P03", "57014", "25P03", "25P04"})
_SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY,
    }
)  # fmt: skip


class DatabaseUnavailable(Unavailable):
    """The text is for callers: it names no address."""

    code = "database_unavailable"

    def __init__(self, message: str = "The database does not answer.") -> None:
        super().__init__(message, retry_after_s=2)


class WriteConflict(Unavailable):
    """A deadlock, or a transaction that could not be put in line with others. Nothing was written."""

    code = "write_conflict"

    def __init__(self) -> None:
        super().__init__("Another change came in between.")


@contextmanager
def translated(*, writing: bool) -> Iterator[None]:
    """Raise the two above for what SQLAlchemy and its drivers raise in the block.

    Args: writing: the block may write, so a database that does not let it is not as it should be."""
    try:
        yield
    except exc.TimeoutError:
        log.warning("database.busy")
        raise DatabaseUnavailable("The database has no connection to spare.") from None
    except exc.DBAPIError as error:
        ours = _ours(error) if writing or not _refused_to_write(error) else None
        if ours is None:
            raise
        log.warning("database.failed", code=ours.code, reason=first_line(error))
        raise ours from None


def _ours(error: exc.DBAPIError) -> Unavailable | None:
    if isinstance(error.orig, sqlite3.Error):
        return DatabaseUnavailable() if _number(error.orig) in _SQLITE_AWAY else None
    state = _state(error)
    if state in _CONFLICTS:
        return WriteConflict()
    if state in _TOO_SLOW:
        return DatabaseUnavailable("The database was too slow.")
    if _away(error, state):
        return DatabaseUnavailable()
    return None


def _away(error: exc.DBAPIError, state: str | None) -> bool:
    if state is None:
        return error.connection_invalidated or isinstance(error, exc.OperationalError | exc.InterfaceError)
    return state == READ_ONLY or state.startswith(_AWAY)


def _refused_to_write(error: exc.DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        return _number(error.orig) == sqlite3.SQLITE_READONLY
    return _state(error) == READ_ONLY


def _number(error: sqlite3.Error) -> int:
    """SQLite's result code without its extension."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _state(error: exc.DBAPIError) -> str | None:
    """PostgreSQL's. None: it said nothing more."""
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state


def first_line(error: exc.DBAPIError) -> str:
    """The driver's text without the statement and its values. It names hosts and users, never a password."""
    return str(error.orig).partition("\n")[0]
