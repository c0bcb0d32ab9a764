"""`routeiq evaluate`: the predictions of a running routing service on a file of prompts. Needs extra `train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from routeiq.embedded.data_dir import DEFAULT
from routeiq.routing.training.evaluate import evaluate

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def command(
    data: Annotated[Path, typer.Option("--data", help="A parquet or jsonl file with id, prompt and split")],
    split: Annotated[str, typer.Option("--split", help="The rows to ask about, for example test")],
    out: Annotated[Path, typer.Option("--out", help="The file to write, one JSON line a prompt")],
    router: Annotated[
        str | None, typer.Option("--router", help="HOST:PORT of the service; default: the suite in the data directory")
    ] = None,
    data_dir: Annotated[Path, typer.Option("--data-dir", help="The suite's data directory")] = DEFAULT,
) -> None:
    """Score prompts by a running routing service."""
    console = Console(stderr=True, soft_wrap=True)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("evaluating", total=None)
        rows = evaluate(router, data, split, out, data_dir, lambda done, of: bar.update(task, completed=done, total=of))
    console.print(f"{rows} predictions written to {out}", markup=False, highlight=False)
