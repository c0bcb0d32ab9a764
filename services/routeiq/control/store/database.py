"""Where control keeps its rows: a schema of its own in PostgreSQL, or a SQLite file."""

from __future__ import annotations

from pathlib import Path

from routeiq.control import migrations
from routeiq.control.store.tables import SCHEMA
from routeiq.kit.db import Database
from routeiq.kit.migrate import Migrations


def open_database(address: str) -> Database:
    """Opens no connection yet. Raises: ConfigurationError."""
    return Database(address, schema=SCHEMA, name="routeiq-control")


def control_migrations() -> Migrations:
    """Reads the steps."""
    return Migrations(Path(str(migrations.__file__)).parent, SCHEMA)
