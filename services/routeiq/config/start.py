"""The state that a gateway starts with: the document's, or without one what can be offered here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from routeiq.config.build import load_state
from routeiq.config.defaults import default_state
from routeiq.config.discover import discover
from routeiq.config.state import State


def starting_state(document: Path | None, environ: Mapping[str, str]) -> State:
    """Blocks for up to a second while it looks for models. Raises: ConfigurationError: every error of the document."""
    if document is None:
        return default_state(environ, discover(environ))
    return load_state(document, environ)
