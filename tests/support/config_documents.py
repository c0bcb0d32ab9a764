"""Short ways to load a document in tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from routeiq.config.build import build
from routeiq.config.load import Loaded, load_text
from routeiq.config.state import State

NO_PRICES = Path("/nonexistent/prices.json")


def loaded(text: str, environ: Mapping[str, str] | None = None) -> Loaded:
    return load_text(dedent(text).lstrip("\n"), "f.yaml", environ or {})


def built(text: str, environ: Mapping[str, str] | None = None, prices: Path = NO_PRICES) -> State:
    return build(loaded(text, environ), environ or {}, price_file=prices)


def errors(text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    return [str(problem) for problem in loaded(text, environ).problems.errors]


def warnings(text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    return [str(problem) for problem in loaded(text, environ).problems.warnings]
