"""`routeiq migrate`: bring the database to what this release needs. A deployment runs it once, before its services."""

from __future__ import annotations

from typing import Annotated

import typer

from routeiq.cli.control_database import DatabaseOption, address_of
from routeiq.control.migrations import control_migrations
from routeiq.kit import log
from routeiq.kit.migrate import Migrated, Patience

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def command(
    database_url: DatabaseOption = None,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for the server to be there")] = 60,
) -> None:
    """Migrate control's schema. Any number may run at once; a second run changes nothing.

    Ends with status 1 if it could not; nothing of the step that failed is kept.
    """
    log.configure(service="migrate")
    done = control_migrations().run(address_of(database_url), Patience(server_s=wait))
    typer.echo(f"control: {_said(done)}")


def _said(done: Migrated) -> str:
    if done.before == done.after:
        return f"at {done.after}, nothing to do"
    return f"{done.before or 'empty'} -> {done.after}"
