"""A SQLite file before anybody opens it: its owner's alone, and in the journal mode in which readers do not wait."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing

from routeiq.kit.db.url import DatabaseURL
from routeiq.kit.errors import ConfigurationError

ATTEMPTS = 250
PAUSE_S = 0.02


def prepare(url: DatabaseURL) -> None:
    """Make the file if there is none. Its mode would follow the process' umask otherwise; those that SQLite puts beside
    it take its own. Raises: ConfigurationError: it cannot be used."""
    try:
        os.close(os.open(url.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        _write_ahead(url)
    except (OSError, sqlite3.Error) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError([f"{url.file}: cannot be used as a database: {why}"]) from None


def _write_ahead(url: DatabaseURL) -> None:
    """The file remembers it. Here and once, for SQLite does not wait its turn to change it, but fails."""
    for left in reversed(range(ATTEMPTS)):
        try:
            with closing(sqlite3.connect(url.file, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or not left:
                raise
            time.sleep(PAUSE_S)
        else:
            return
