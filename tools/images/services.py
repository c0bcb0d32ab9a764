"""The six services as images: what each is given, and how it is named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tools.images import locks
from tools.images.locks import Pinned

LITELLM = "litellm"
LITELLM_VARIANT = "-litellm"
"""At the end of its tag, and in the Dockerfile's `VARIANT`."""
BASE = "gcr.io/distroless/python3-debian12:nonroot"
"""What ordinary users build on: Python 3.11 of Debian 12, without a shell. The test cluster has its own (`base.py`)."""


@dataclass(frozen=True)
class Service:
    """One image. The extra is pyproject's."""

    name: str
    extra: str
    title: str
    compiled: bool = False
    """Whether its modules that run for every request are compiled (docs/adr/0022)."""
    encoder: bool = False
    """Whether it is given the encoder (docs/adr/0003)."""


ALL = {
    one.name: one
    for one in (
        Service("gateway", "gateway", "RouteIQ gateway", compiled=True),
        Service("routing", "routing", "RouteIQ routing", encoder=True),
        Service("control", "control", "RouteIQ control"),
        Service("a2a-registry", "a2a", "RouteIQ registry of A2A agents"),
        Service("mcp-registry", "mcp", "RouteIQ registry of MCP servers"),
        Service("config-sync", "config-sync", "RouteIQ config-sync"),
    )
}


@dataclass(frozen=True)
class Libraries:
    """An image's libraries, as two layers, so that the six share the larger one."""

    common: list[Pinned]
    own: list[Pinned]


def libraries(service: Service, *, litellm: bool = False) -> Libraries:
    """What every service needs, and what this one needs beside that."""
    lock = locks.read("core", "litellm") if litellm else locks.read("core")
    common = locks.closure(locks.read("core"), locks.requirements())
    extras = [service.extra, LITELLM] if litellm else [service.extra]
    roots = [name for extra in extras for name in locks.requirements(extra)]
    return Libraries(common, _without(locks.closure(lock, roots), common))


def _without(pinned: Iterable[Pinned], others: Iterable[Pinned]) -> list[Pinned]:
    names = {one.name for one in others}
    return [one for one in pinned if one.name not in names]
