"""What a gateway starts with: the document, or without one what can be offered here; and later, what was added by API
to the same document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from routeiq.config.build import build
from routeiq.config.bundle import Bundle
from routeiq.config.defaults import default_document_loaded
from routeiq.config.discover import discover
from routeiq.config.load import Loaded, load, load_bundle, load_data
from routeiq.config.merge import merge
from routeiq.config.overlay import OpenSecret, Overlay
from routeiq.config.problems import Problems
from routeiq.config.state import State

NO_DOCUMENT = "no document yet"


@dataclass(frozen=True, slots=True)
class Start:
    """`state`: of the document alone."""

    state: State
    loaded: Loaded = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def config_version(self) -> str:
        """Of the document alone, as releases name it: `c` and twelve hex digits."""
        return self.state.version.partition(".")[0]

    @property
    def log_level(self) -> str:
        """From which level on whoever serves this logs."""
        return self.loaded.document.routeiq.log_level or "info"

    def with_overlay(self, overlay: Overlay, open_secret: OpenSecret) -> tuple[State, Problems]:
        """The document and `overlay`, and what of the overlay is left out. Blocks like a start does; several may
        at once."""
        problems, own = Problems("overlay"), replace(self.loaded, problems=self.loaded.problems.copy())
        state = merge(own, overlay, self.environ, problems, open_secret=open_secret)
        return replace(state, warnings=self.warnings + state.warnings), problems


def start_with(document: Path | None, environ: Mapping[str, str]) -> Start:
    """Blocks for up to a second while it looks for models. Raises: ConfigurationError: every error of the document."""
    if document is not None:
        loaded = load(document, environ)
        return Start(build(loaded, environ), loaded, environ)
    found = discover(environ)
    loaded = default_document_loaded(environ, found)
    state = build(loaded, environ)
    return Start(replace(state, warnings=found.warnings + state.warnings), loaded, environ, found.warnings)


def start_empty(environ: Mapping[str, str]) -> Start:
    """Without models, until the fleet has said what there is."""
    loaded = load_data({"model_list": []}, NO_DOCUMENT, environ)
    return Start(build(loaded, environ), loaded, environ)


def start_with_bundle(bundle: Bundle, environ: Mapping[str, str]) -> Start:
    """With a document that was sent here. Raises: ConfigurationError: every error of it."""
    loaded = load_bundle(bundle, environ)
    return Start(build(loaded, environ), loaded, environ)
