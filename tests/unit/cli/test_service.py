"""How containers start a service, without a parser of command lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from routeiq.cli.service import ServiceName, plain


@pytest.mark.parametrize(
    ("args", "meant"),
    [
        (["gateway"], (ServiceName.GATEWAY, None)),
        (["mcp-registry"], (ServiceName.MCP_REGISTRY, None)),
        (["gateway", "--config", "a b.yaml"], (ServiceName.GATEWAY, Path("a b.yaml"))),
    ],
)
def test_what_containers_write_is_read(args: list[str], meant: tuple[ServiceName, Path | None]) -> None:
    assert plain(args) == meant


@pytest.mark.parametrize(
    "args",
    [[], ["--help"], ["gatewy"], ["gateway", "--help"], ["gateway", "--config"], ["gateway", "--config", "--help"],
     ["gateway", "--config=a"], ["gateway", "more"], ["--config", "a", "gateway"], ["gateway", "--config", "a", "b"]],
)  # fmt: skip
def test_everything_else_is_left_to_typer(args: list[str]) -> None:
    assert plain(args) is None
