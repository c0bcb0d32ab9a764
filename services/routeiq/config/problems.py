"""What is wrong with a configuration document, and where: errors stop a start, warnings do not.

A problem renders as `file:line: path: message`. Messages name keys, paths and environment variables, never values:
a value may be a secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

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


@dataclass(slots=True)
class Problems:
    """Collects the problems of one document while it is loaded. `lines` maps a location to its line."""

    file: str
    lines: Mapping[Location, int] = field(default_factory=dict)
    _found: dict[Problem, None] = field(default_factory=dict)

    def error(self, at: Location, message: str, *, line: int | None = None) -> None:
        self._add(at, message, Severity.ERROR, line)

    def warning(self, at: Location, message: str, *, line: int | None = None) -> None:
        self._add(at, message, Severity.WARNING, line)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Sorted by line; those of one line in the order in which they were found."""
        return self._sorted(Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return self._sorted(Severity.WARNING)

    def all(self) -> tuple[Problem, ...]:
        """Errors and warnings together, by line."""
        return tuple(sorted(self._found, key=lambda problem: problem.line))

    def raise_errors(self) -> None:
        """Raises: ConfigurationError with every error, if there is one."""
        if self.errors:
            raise ConfigurationError([str(problem) for problem in self.errors])

    def _add(self, at: Location, message: str, severity: Severity, line: int | None) -> None:
        where = self._line(at) if line is None else line
        self._found.setdefault(Problem(self.file, where, dotted(at), message, severity))

    def _sorted(self, severity: Severity) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.all() if problem.severity is severity)

    def _line(self, at: Location) -> int:
        """The line of `at`, or of the nearest thing around it that has one."""
        for length in range(len(at), 0, -1):
            if at[:length] in self.lines:
                return self.lines[at[:length]]
        return self.lines.get((), 0)


def dotted(at: Sequence[str | int]) -> str:
    """`("model_list", 0, "model_name")` -> `model_list[0].model_name`."""
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{_printable(part)}" if text else _printable(part)
    return text


def _printable(key: str) -> str:
    """A problem is one line of text, whatever the document calls its keys."""
    return key if key.isprintable() and len(key) <= 80 else ascii(key[:80])
