"""`routeiq check FILE`: what is wrong with a configuration document, without starting anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from routeiq.config.check import check
from routeiq.config.environment import read_environment

app = typer.Typer(add_completion=False)


@app.command()
def command(file: Annotated[Path, typer.Argument(help="The configuration document, YAML", dir_okay=False)]) -> None:
    """Validate a configuration document: every problem at once, each as `file:line: path: message`.

    References to the environment are resolved from it and from a .env file in the working directory.
    Ends with status 1 if there is an error.
    """
    report = check(file, read_environment(Path.cwd()))
    for line in report.lines:
        typer.echo(line)
    typer.echo(report.summary)
    if not report.ok:
        raise typer.Exit(1)
