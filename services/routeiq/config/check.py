"""Validate a configuration document without serving from it. What it reports is what a start would."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from routeiq.config.build import build
from routeiq.config.bundle import Bundle
from routeiq.config.load import Loaded, load, load_bundle
from routeiq.kit.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Report:
    """Rendered problems, each a line `file:line: path: message`, sorted by line."""

    file: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    lines: tuple[str, ...]
    """Errors and warnings together, by line."""

    @property
    def ok(self) -> bool:
        return not self.errors

    @property
    def summary(self) -> str:
        """The last line for a person: `config.yaml: ok, 2 warnings`."""
        warnings = _count(len(self.warnings), "warning")
        state = "ok" if self.ok else _count(len(self.errors), "error")
        return f"{self.file}: {', '.join(filter(None, (state, warnings)))}"


def check(path: Path, environ: Mapping[str, str]) -> Report:
    """Never raises for what the file holds, nor for a file that cannot be read."""
    try:
        loaded = load(path, environ)
    except ConfigurationError as unreadable:
        problems = tuple(unreadable.problems)
        return Report(str(path), problems, (), problems)
    return report_of(str(path), loaded, environ)


def check_bundle(bundle: Bundle, environ: Mapping[str, str]) -> Report:
    """The same of a document that was sent here."""
    return report_of(bundle.main, load_bundle(bundle, environ), environ)


def report_of(file: str, loaded: Loaded, environ: Mapping[str, str]) -> Report:
    """Of a document that is loaded already."""
    with suppress(ConfigurationError):  # its errors stand in `loaded.problems`
        build(loaded, environ)
    found = loaded.problems
    return Report(file, *(tuple(map(str, some)) for some in (found.errors, found.warnings, found.all())))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""
