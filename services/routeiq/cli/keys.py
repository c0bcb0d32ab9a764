"""`routeiq keys`: the keys of the suite in a data directory, one at a time, for scripts to read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from routeiq.embedded.data_dir import DEFAULT, master_key_path, service_key_path
from routeiq.kit import master_key

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Show this suite's keys")

DataDirOption = Annotated[Path, typer.Option("--data-dir", help="The suite's data directory")]


@app.callback()
def keys() -> None:
    """Show this suite's keys."""


@app.command()
def show(data_dir: DataDirOption = DEFAULT) -> None:
    """Print the master key, and nothing else."""
    typer.echo(master_key.load(master_key_path(data_dir)))


@app.command()
def service(data_dir: DataDirOption = DEFAULT) -> None:
    """Print the key of the LLM Gateway API (`X-Service-Key`), and nothing else."""
    typer.echo(master_key.load(service_key_path(data_dir), what="service key"))
