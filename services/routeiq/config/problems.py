"""What is wrong with a configuration document, and where: errors stop a start, warnings do not.

A problem renders as `file:line: path: message`. Messages name keys, paths and environment variables, never values:
a value may be a secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from routeiq.kit.errors import ConfigurationError

Location = tuple[str | int, ...]
"""Keys and list positions from the top of the document; () is the document itself."""


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` counts from 1; 0 where the document came from no file."""

    file: str
    line: int
    path: str
    message: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        path = f"{self.path}: " if self.path else ""
        note = "warning: " if self.severity is Severity.WARNING else ""
        return f"{where}: {path}{note}{self.message}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a part of a document was written: another file, and its location and lines there."""

    file: str
    at: Location
    lines: Mapping[Location, int] = field(repr=False, default_factory=dict)

    def problem(self, message: str) -> Problems:
        """One error, said of this place."""
        problems = Problems(self.file, self.lines)
        problems.error(self.at, message)
        return problems


class Place(NamedTuple):
    """A location as people are told it."""

    file: str
    line: int
    path: str


@dataclass(slots=True)
class Problems:
    """Collects the problems of one document while it is loaded. `lines` maps a location to its line, `origins` the
    locations of what was included to where that stands."""

    file: str
    lines: Mapping[Location, int] = field(default_factory=dict)
    origins: dict[Location, Origin] = field(default_factory=dict)
    _found: dict[Problem, None] = field(default_factory=dict)

    def error(self, at: Location, message: str, *, line: int | None = None) -> None:
        self._add(at, message, Severity.ERROR, line)

    def warning(self, at: Location, message: str, *, line: int | None = None) -> None:
        self._add(at, message, Severity.WARNING, line)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Sorted by line, the document's own before those of what it includes; else in the order of their finding."""
        return self._sorted(Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return self._sorted(Severity.WARNING)

    def all(self) -> tuple[Problem, ...]:
        """Errors and warnings together, by line."""
        files = [self.file, *dict.fromkeys(problem.file for problem in self._found)]
        return tuple(sorted(self._found, key=lambda problem: (files.index(problem.file), problem.line)))

    def take(self, other: Problems) -> None:
        """What another collector has found."""
        self._found |= other._found

    def place(self, at: Location) -> Place:
        """Where `at` stands: the line is that of the nearest thing around it that has one."""
        for length in range(len(at), 0, -1):
            origin = self.origins.get(at[:length])
            if origin is not None:
                there = (*origin.at, *at[length:])
                return Place(origin.file, _line(there, origin.lines), dotted(there))
        return Place(self.file, _line(at, self.lines), dotted(at))

    def copy(self) -> Problems:
        """For who goes on by itself: what it finds is not found here."""
        return replace(self, _found=dict(self._found))

    def raise_errors(self) -> None:
        """Raises: ConfigurationError with every error, if there is one."""
        if self.errors:
            raise ConfigurationError([str(problem) for problem in self.errors])

    def _add(self, at: Location, message: str, severity: Severity, line: int | None) -> None:
        place = self.place(at)
        where = place.line if line is None else line
        self._found.setdefault(Problem(place.file, where, place.path, message, severity))

    def _sorted(self, severity: Severity) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.all() if problem.severity is severity)


def _line(at: Location, lines: Mapping[Location, int]) -> int:
    for length in range(len(at), 0, -1):
        if at[:length] in lines:
            return lines[at[:length]]
    return lines.get((), 0)


def dotted(at: Sequence[str | int]) -> str:
    """`("model_list", 0, "model_name")` -> `model_list[0].model_name`."""
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{_printable(part)}" if text else _printable(part)
    return text


def _printable(key: str) -> str:
    """A problem is one line of text, whatever the document calls its keys."""
    return key if key.isprintable() and len(key) <= 80 else ascii(key[:80])
