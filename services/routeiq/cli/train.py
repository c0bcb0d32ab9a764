"""`routeiq train`: an artifact from labelled prompts. Needs extra `train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from routeiq.routing.training.progress import progress_bars
from routeiq.routing.training.show import describe
from routeiq.routing.training.train import Strategy, train

app = typer.Typer(add_completion=False)


@app.command()
def command(
    data: Annotated[list[Path], typer.Option("--data", help="A parquet or jsonl file of rows; may be repeated")],
    out: Annotated[Path, typer.Option("--out", help="The artifact's directory: new, empty, or an older artifact")],
    seed: Annotated[int, typer.Option("--seed", help="The same data and seed give the same artifact")] = 0,
    strategy: Annotated[Strategy, typer.Option("--strategy", help="`auto` takes what the data carries")] = "auto",
    notes: Annotated[
        Path | None, typer.Option("--notes", help="Markdown for the end of the model card: sources, licences")
    ] = None,
) -> None:
    """Train a router from rows of prompt, model and score (cost and domain help)."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    with progress_bars(console) as progress:
        report = train(
            data, out, seed=seed, strategy=strategy, notes=notes.read_text() if notes else "", progress=progress
        )
    for warning in report.warnings:
        console.print(f"warning: {warning}", style="yellow", markup=False)
    typer.echo(describe(report.out).text)
