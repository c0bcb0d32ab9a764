"""config-sync as a process. Its ports are taken at once; what it works with is loaded late.

It is ready without NATS and without its source: what serves does not wait for it, and the status says what lacks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from routeiq.config.environment import LaunchSettings, find_config, read_environment
from routeiq.config_sync.election_settings import HASettings
from routeiq.config_sync.settings import Settings
from routeiq.config_sync.sources.settings import SourceSettings
from routeiq.kit.health import Readiness
from routeiq.kit.internal import internal_service
from routeiq.kit.late_app import LateApp
from routeiq.kit.service import Service

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from routeiq.config_sync.wiring import ConfigSync

NAME = "config-sync"


def create_service(
    settings: Settings,
    document: Path | None = None,
    *,
    sources: SourceSettings | None = None,
    ha: HASettings | None = None,
    taken: Callable[[], None] = lambda: None,
) -> Service:
    """Bound to its addresses, not yet serving. Raises: ConfigurationError.

    Args: document: the file that is the source if the settings name no other.  sources, ha: None: as the environment
    says.  taken: called for each document that was read, once it is settled whether the fleet is to have it."""
    readiness, registry = Readiness(NAME), CollectorRegistry()
    make = partial(_make, settings, ha or HASettings(), sources or SourceSettings(), document, registry, taken)
    app = LateApp(make, _serving, readiness)
    return internal_service(NAME, app, settings, readiness, registry)


def _serving(sync: ConfigSync) -> AbstractAsyncContextManager[None]:
    return sync.running()


def _make(
    settings: Settings,
    ha: HASettings,
    sources: SourceSettings,
    document: Path | None,
    registry: CollectorRegistry,
    taken: Callable[[], None],
) -> ConfigSync:
    from routeiq.config_sync.source_poller import sync_of  # noqa: PLC0415  # as below
    from routeiq.config_sync.wiring import build  # noqa: PLC0415  # FastAPI

    return build(settings, ha, sync_of(ha, sources, document), registry, taken)


async def launch(config: Path | None) -> Service:
    """The service as its settings say. Raises: ConfigurationError."""
    environ = read_environment(Path.cwd())
    return create_service(Settings(), find_config(config, LaunchSettings.from_environ(environ)))
