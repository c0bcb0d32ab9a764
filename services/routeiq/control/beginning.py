"""The document that control begins with, of which it reads some things only then. Where the fleet has the word: the
fleet's, else its own, else none; one that does not build is said and left, because control can do without."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import structlog

from routeiq.clients.fleet_first import PATIENCE_S, wanted_document
from routeiq.config.start import Start, start_empty, start_with, start_with_bundle
from routeiq.control.settings import Settings
from routeiq.kit.errors import ConfigurationError

log = structlog.get_logger()


async def begin(
    settings: Settings, document: Path | None, environ: Mapping[str, str], *, patience_s: float = PATIENCE_S
) -> Start:
    """Args: patience_s: until NATS has said what the fleet serves.

    Raises: ConfigurationError: its own does not build, and nobody else has the word."""
    if settings.config_from == "own":
        return await asyncio.to_thread(start_with, document, environ)
    url = settings.nats_url.get_secret_value()
    bundle = await wanted_document(url, "routeiq-control-start", patience_s) if url else None
    makers: list[tuple[str, Callable[[], Start]]] = []
    if bundle is not None:
        makers.append(("fleet", partial(start_with_bundle, bundle, environ)))
    if document is not None:
        makers.append(("own", partial(start_with, document, environ)))
    for whose, make in makers:
        try:
            return await asyncio.to_thread(make)
        except ConfigurationError as error:
            log.warning("document.refused", whose=whose, problems=error.problems)
    return start_empty(environ)
