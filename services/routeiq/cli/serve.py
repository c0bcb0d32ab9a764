"""`routeiq serve SERVICE` for who asks for help, or misspells it; else `routeiq.cli.service` is called directly."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from routeiq.cli.service import CONFIG, ServiceName
from routeiq.cli.service import serve as run

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    service: Annotated[ServiceName, typer.Argument(help="Which one")],
    config: Annotated[
        Path | None, typer.Option(CONFIG, help="Configuration document of the gateway (LITELLM_CONFIG_PATH)")
    ] = None,
) -> None:
    """Run one service against configured addresses, until it is told to stop."""
    run(service, config)
