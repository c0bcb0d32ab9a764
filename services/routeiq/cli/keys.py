"""`routeiq keys show`: the master key of the suite in a data directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from routeiq.embedded.data_dir import DEFAULT, master_key_path
from routeiq.kit import master_key

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Show this suite's master key")

DataDirOption = Annotated[Path, typer.Option("--data-dir", help="The suite's data directory")]


@app.callback()
def keys() -> None:
    """Show this suite's master key."""


@app.command()
def show(data_dir: DataDirOption = DEFAULT) -> None:
    """Print the master key, and nothing else."""
    typer.echo(master_key.load(master_key_path(data_dir)))
