"""`routeiq migrate`: bring the database to what this release needs. A deployment runs it once, before its services."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from routeiq.config.environment import read_environment
from routeiq.control.migrations import control_migrations
from routeiq.control.settings import DATABASE_URL
from routeiq.kit import log
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.migrate import Migrated, Patience

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def command(
    database_url: Annotated[
        str | None,
        typer.Option("--database-url", help=f"postgresql:// or sqlite:/// ({', '.join(DATABASE_URL)})"),
    ] = None,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for the server to be there")] = 60,
) -> None:
    """Migrate control's schema. Any number may run at once; a second run changes nothing.

    Ends with status 1 if it could not; nothing of the step that failed is kept.
    """
    log.configure(service="migrate")
    done = control_migrations().run(database_url or _address(), Patience(server_s=wait))
    typer.echo(f"control: {_said(done)}")


def _address() -> str:
    """Raises: ConfigurationError."""
    environ = read_environment(Path.cwd())
    for name in DATABASE_URL:
        if environ.get(name):
            return environ[name]
    raise ConfigurationError([f"no database is named; set {' or '.join(DATABASE_URL)}, or say --database-url"])


def _said(done: Migrated) -> str:
    if done.before == done.after:
        return f"at {done.after}, nothing to do"
    return f"{done.before or 'empty'} -> {done.after}"
