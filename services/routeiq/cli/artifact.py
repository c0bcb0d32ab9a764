"""`routeiq artifact show DIR`: what a router artifact is, what it knows, whether it loads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from routeiq.routing.training.show import describe

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def artifact() -> None:
    """Look into a router artifact."""


@app.command()
def show(directory: Annotated[Path, typer.Argument(help="The artifact's directory")]) -> None:
    """Summarise an artifact and check it. Ends with status 1 if it does not load."""
    description = describe(directory)
    typer.echo(description.text)
    if not description.valid:
        raise typer.Exit(1)
