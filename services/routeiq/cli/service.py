"""One service against configured addresses, as a container runs it.

Only the named service is imported. Its settings come from `ROUTEIQ_<SERVICE>_*`; the gateway also honours the
LITELLM_* names and `--config`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import uvloop

from routeiq.cli.errors import one_error
from routeiq.kit import log
from routeiq.kit.lean import import_for_gateway, import_uvicorn
from routeiq.kit.memory import give_back_programs, kept, one_heap
from routeiq.kit.signals import run_until_stopped

if TYPE_CHECKING:
    from routeiq.kit.service import Runner

SWITCH_S = 0.001
"""For so long a thread that exports spans may keep the loop waiting, after each of its turns; Python's own is 5 ms."""
CONFIG = "--config"


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


def plain(args: Sequence[str]) -> tuple[ServiceName, Path | None] | None:
    """What `routeiq serve` is asked for, as containers write it: `SERVICE [--config FILE]`. None: something else, about
    which Typer has more to say."""
    if not args or args[0] not in {*ServiceName}:
        return None
    service, rest = ServiceName(args[0]), args[1:]
    if not rest:
        return service, None
    if len(rest) == 2 and rest[0] == CONFIG and not rest[1].startswith("-"):
        return service, Path(rest[1])
    return None


def serve(service: ServiceName, config: Path | None) -> None:
    """Until it is told to stop. Raises: ConfigurationError."""
    one_heap()
    sys.setswitchinterval(SWITCH_S)
    log.configure(service=service.value)
    with kept():
        import_uvicorn()
        if service is ServiceName.GATEWAY:
            import_for_gateway()
        module: Launcher = importlib.import_module(f"routeiq.{service.value.replace('-', '_')}.app")

    async def run() -> None:
        with kept():
            runner = await module.launch(config)
        give_back_programs()
        await run_until_stopped(runner)

    with one_error():
        uvloop.run(run())
