"""control's app: so far its health alone."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from routeiq.control.settings import Settings
from routeiq.kit.health import Readiness
from routeiq.kit.ops import ops_app
from routeiq.kit.service import Service, shell

NAME = "control"


def create_app(readiness: Readiness, registry: CollectorRegistry) -> FastAPI:
    """Serves `/_health/live`, `/_health/ready` and `/metrics`; everything else is 404."""
    return ops_app(readiness, registry)


def create_service(settings: Settings) -> Service:
    """Bound to its addresses, not yet serving."""
    return shell(NAME, create_app, settings.host, settings.port, settings.ops_port)


async def launch(config: Path | None) -> Service:
    """The service as its settings say. It reads no configuration document."""
    return create_service(Settings())
