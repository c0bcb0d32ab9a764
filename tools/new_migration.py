"""Write the next step of control's schema: what differs between the steps so far and the tables.

Usage: PYTHONPATH=. tools/new_migration.py MESSAGE (or `make migration MESSAGE=...`). It compares on PostgreSQL, since
SQLite cannot say what an index of an expression is. Look at what it wrote: it does not know that a new column is an
old one by another name.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine

from routeiq.control.migrations import control_migrations
from tests.support.servers.postgres import Postgres

ROOT = Path(__file__).resolve().parent.parent


def main(message: str) -> None:
    steps = control_migrations()
    with Postgres() as server:
        steps.run(server.url)
        engine = create_engine(server.url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect() as connection:
            connection.exec_driver_sql(f"SET search_path TO {steps.schema}")
            config = steps.config(connection)
            config.set_main_option("file_template", "r%%(rev)s_%%(slug)s")
            made = command.revision(config, message, autogenerate=True, rev_id=f"{int(steps.head or 0) + 1:04}")
        engine.dispose()
    assert made is not None
    assert not isinstance(made, list)
    _tidy(Path(made.path))
    print(f"{made.path}: look at it before you commit it")


def _tidy(path: Path) -> None:
    """As our own code looks, without what Alembic says around it."""
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if "###" not in line))
    for order in (["check", "--quiet", "--fix-only"], ["format", "--quiet"]):
        subprocess.run([str(Path(sys.executable).parent / "ruff"), *order, str(path)], cwd=ROOT, check=True)


if __name__ == "__main__":
    main(sys.argv[1])
