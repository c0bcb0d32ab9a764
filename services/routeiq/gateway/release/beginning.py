"""What a gateway starts with, where the fleet has the word: the document that it served last, else its own if one is
named, else none, and then it is not ready before the fleet has given it one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from routeiq.config.start import Start, start_empty, start_with, start_with_bundle
from routeiq.gateway.release.kept import kept_document
from routeiq.gateway.settings import StartSettings, read_start_settings
from routeiq.kit.errors import ConfigurationError

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Beginning:
    """Args: empty: there is no document yet."""

    start: Start
    empty: bool = False


def begin(document: Path | None, environ: Mapping[str, str]) -> Beginning:
    """`begin_with` the environment's settings."""
    return begin_with(read_start_settings(), document, environ)


def begin_with(settings: StartSettings, document: Path | None, environ: Mapping[str, str]) -> Beginning:
    """Blocks. Raises: ConfigurationError: every error of a document of its own, unless another is there."""
    if settings.config_from == "own":
        return Beginning(start_with(document, environ))
    kept = _kept(settings.state_dir, environ)
    if kept is not None:
        return Beginning(kept)
    return Beginning(start_empty(environ), empty=True) if document is None else Beginning(start_with(document, environ))


def _kept(folder: Path | None, environ: Mapping[str, str]) -> Start | None:
    """One that no longer builds, because a release of RouteIQ or the environment differs, is said and left."""
    bundle = kept_document(folder).read() if folder is not None else None
    if bundle is None:
        return None
    try:
        return start_with_bundle(bundle, environ)
    except ConfigurationError as error:
        log.warning("document.kept_refused", problems=error.problems)
        return None
