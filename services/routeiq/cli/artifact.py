"""`routeiq artifact`: look into router artifacts, sign them, and bring them to a running suite."""

from __future__ import annotations

import typer

from routeiq.cli import artifact_fleet, artifact_local

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def artifact() -> None:
    """Look into router artifacts, sign them, and bring them to a running suite.

    A suite is found by --url or ROUTEIQ_URL, its key in ROUTEIQ_KEY, LITELLM_MASTER_KEY or its data directory.
    Every command ends with status 0 if it did what it says, 1 if not, 2 if it was called wrongly."""


app.add_typer(artifact_local.app)
app.add_typer(artifact_fleet.app)
