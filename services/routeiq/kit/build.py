"""What runs here: which version, and whether its transport is compiled (docs/adr/0013)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Info

from routeiq import __version__
from routeiq.kit import http_protocol

COMPILED = not http_protocol.__file__.endswith(".py")


def describe_build(registry: CollectorRegistry) -> None:
    """`routeiq_build_info`."""
    facts = {"version": __version__, "compiled": str(COMPILED).lower()}
    Info("routeiq_build", "What runs here.", registry=registry).info(facts)
