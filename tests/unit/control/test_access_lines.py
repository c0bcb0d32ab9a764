"""What control serves is what the access table says is its own: no route that nobody reaches, none without a line."""

from __future__ import annotations

import re
from pathlib import Path

from routeiq.config.start import start_with
from routeiq.control.settings import Settings
from routeiq.control.wiring import build
from routeiq.gateway.access import TABLE, AccessTable, Owner
from routeiq.kit.outbound import OutboundPolicy
from tests.support.fleet import ENCRYPTION_KEY

SHAPE = re.compile(r"\{\w+(?::path)?\}")


def routes(folder: Path) -> set[tuple[str, str]]:
    """Method and path, with `{}` for each parameter."""
    settings = Settings(database_url=f"sqlite:///{folder}/c.db", encryption_key=ENCRYPTION_KEY)  # type: ignore[arg-type]
    control = build(settings, start_with(None, {"ROUTEIQ_DISCOVERY": "false"}), OutboundPolicy())
    document = control.api.openapi()
    return {(method.upper(), path) for path, item in document["paths"].items() for method in item}


def test_each_route_has_a_line_of_controls(tmp_path: Path) -> None:
    table, without = AccessTable(), []
    for method, path in routes(tmp_path):
        line = table.line(method, SHAPE.sub("x", path))
        if line is None or line.owner is not Owner.CONTROL:
            without.append((method, path))
    assert sorted(without) == []


def test_each_line_has_a_route(tmp_path: Path) -> None:
    served = {(method, SHAPE.sub("{}", path)) for method, path in routes(tmp_path)}
    lines = {
        (method, SHAPE.sub("{}", line.path)) for line in TABLE if line.owner is Owner.CONTROL for method in line.methods
    }
    assert sorted(lines - served) == []
