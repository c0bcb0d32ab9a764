"""mcp-registry as a process: so far its health alone."""

from __future__ import annotations

from pathlib import Path

from routeiq.kit.internal import shell
from routeiq.kit.service import Service
from routeiq.mcp_registry.settings import Settings


def create_service(settings: Settings) -> Service:
    """Bound to its addresses, not yet serving. Raises: ConfigurationError."""
    return shell("mcp-registry", settings)


async def launch(config: Path | None) -> Service:
    """The service as its settings say. It reads no configuration document."""
    return create_service(Settings())
