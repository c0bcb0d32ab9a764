"""Where control keeps its rows: a schema of its own in PostgreSQL, or a SQLite file."""

from __future__ import annotations

from routeiq.control.store.tables import SCHEMA
from routeiq.kit.db import Database


def open_database(address: str) -> Database:
    """Opens no connection yet. Raises: ConfigurationError."""
    return Database(address, schema=SCHEMA, name="routeiq-control")
