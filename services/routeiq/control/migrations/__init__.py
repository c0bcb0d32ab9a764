"""The steps of control's schema, run by `routeiq migrate`. `make migration` writes the next one."""

from __future__ import annotations

from pathlib import Path

from routeiq.control.store.tables import SCHEMA
from routeiq.kit.migrate import Migrations


def control_migrations() -> Migrations:
    """Reads the steps."""
    return Migrations(Path(__file__).parent, SCHEMA)
