"""`routeiq`: the console script. A service is started without a parser of command lines, which it would hold for life:
1.1 MB of each worker. Everything else goes to `routeiq.cli.commands`.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from routeiq.cli.errors import said
from routeiq.kit.errors import RouteIQError
from routeiq.kit.memory import kept

SERVE = "serve"


def app() -> None:
    """The console script. Expected failures are printed without a traceback and end with status 1."""
    try:
        run(sys.argv[1:])
    except (RouteIQError, OSError) as error:
        message = said(error)
        if message is None:
            raise
        from rich.console import Console  # noqa: PLC0415  # 4 MB, for who has something to say

        Console(stderr=True, soft_wrap=True, highlight=False).print(message, style="red", markup=False)
        sys.exit(1)


def run(args: list[str]) -> None:
    """One command, whose module is imported here, so that none pays for another's libraries."""
    if args[:1] == [SERVE]:
        service = _import("service")
        plain = service.plain(args[1:])
        if plain is not None:
            service.serve(*plain)
            return
    _import("commands").cli()


def _import(name: str) -> Any:
    with kept():
        return importlib.import_module(f"routeiq.cli.{name}")
