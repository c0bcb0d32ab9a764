"""config-sync as a process: so far its health alone."""

from __future__ import annotations

from pathlib import Path

from routeiq.config_sync.settings import Settings
from routeiq.kit.internal import shell
from routeiq.kit.service import Service


def create_service(settings: Settings) -> Service:
    """Bound to its addresses, not yet serving. Raises: ConfigurationError."""
    return shell("config-sync", settings)


async def launch(config: Path | None) -> Service:
    """The service as its settings say. It reads no configuration document."""
    return create_service(Settings())
