"""`routeiq serve SERVICE`: one service against configured addresses, as a container runs it.

Only the named service is imported. Its settings come from `ROUTEIQ_<SERVICE>_*`; the gateway also honours the
LITELLM_* names and `--config`.
"""

from __future__ import annotations

import importlib
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Protocol

import typer
import uvloop

from routeiq.cli.errors import one_error
from routeiq.kit import log
from routeiq.kit.memory import kept, one_heap
from routeiq.kit.service import Runner
from routeiq.kit.signals import run_until_stopped

SWITCH_S = 0.001
"""For so long a thread that exports spans may keep the loop waiting, after each of its turns; Python's own is 5 ms."""

app = typer.Typer(add_completion=False)


class ServiceName(StrEnum):
    """The six services."""

    GATEWAY = "gateway"
    ROUTING = "routing"
    CONTROL = "control"
    A2A_REGISTRY = "a2a-registry"
    MCP_REGISTRY = "mcp-registry"
    CONFIG_SYNC = "config-sync"


class Launcher(Protocol):
    """What `routeiq.<service>.app` offers to a container's entry point."""

    async def launch(self, config: Path | None) -> Runner:
        """The service, bound to its addresses. Raises ConfigurationError."""
        ...


@app.command()
def serve(
    service: Annotated[ServiceName, typer.Argument(help="Which one")],
    config: Annotated[
        Path | None, typer.Option("--config", help="Configuration document of the gateway (LITELLM_CONFIG_PATH)")
    ] = None,
) -> None:
    """Run one service against configured addresses, until it is told to stop."""
    one_heap()
    sys.setswitchinterval(SWITCH_S)
    log.configure(service=service.value)
    with kept():
        module: Launcher = importlib.import_module(f"routeiq.{service.value.replace('-', '_')}.app")

    async def run() -> None:
        with kept():
            runner = await module.launch(config)
        await run_until_stopped(runner)

    with one_error():
        uvloop.run(run())
