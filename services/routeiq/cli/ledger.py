"""`routeiq ledger`: repairs of control's ledger of usage."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated

import typer

from routeiq.cli.control_database import DatabaseOption, address_of
from routeiq.control.store.tables import SCHEMA
from routeiq.control.usage.rebuild import rebuild as rebuild_days
from routeiq.kit import log
from routeiq.kit.clock import now
from routeiq.kit.db import Database, Limits

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Repair control's ledger of usage")

PATIENT = Limits(statement_s=3600.0, lock_s=60.0, transaction_s=3600.0)
"""A day of many millions of requests takes minutes."""
_DAYS = ["%Y-%m-%d"]


@app.callback()
def ledger() -> None:
    """Repair control's ledger of usage."""


@app.command()
def rebuild(
    since: Annotated[datetime, typer.Option("--since", formats=_DAYS, help="The first day, in UTC")],
    until: Annotated[datetime | None, typer.Option("--until", formats=_DAYS, help="The last; else today")] = None,
    database_url: DatabaseOption = None,
) -> None:
    """Make the sums of each day again from its requests. Days without any, perhaps no longer kept, stay as they are.

    Control may run meanwhile; what gateways send waits for the day that is being made.
    """
    log.configure(service="ledger")
    last = now().date() if until is None else until.date()
    done = asyncio.run(_rebuild(address_of(database_url), _days(since.date(), last)))
    typer.echo(f"days made again: {len(done)}" + (f", {done[0]} to {done[-1]}" if done else ""))


def _days(first: date, last: date) -> Sequence[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


async def _rebuild(address: str, days: Sequence[date]) -> list[date]:
    database = Database(address, schema=SCHEMA, name="routeiq-ledger", limits=PATIENT)
    try:
        return await rebuild_days(database, days)
    finally:
        await database.close()
