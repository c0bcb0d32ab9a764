"""A progress bar for training in a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from routeiq.routing.training.recipe import Progress as Report


@contextmanager
def progress_bars(console: Console | None = None) -> Iterator[Report]:
    """Gives the callback for `train(progress=...)`: one bar a stage, cleared of nothing when it ends."""
    columns = (TextColumn("{task.description:>10}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    bars = Progress(*columns, console=console)
    tasks: dict[str, TaskID] = {}

    def report(stage: str, share: float) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=1.0)
        bars.update(tasks[stage], completed=share)

    with bars:
        yield report
