"""Who may call which path: one table, default deny.

It is enforced once, in front of everything, on the path that also picks the handler. What has no line
needs a key, so that a stranger learns nothing, and is then answered with 405 where the path has another method, else
with 404.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

PREFIXES = ("", "/v1", "/openai/v1")
"""Contract 1.0: every LLM path exists bare and under /v1. The last is what Azure's newer clients call."""
MODEL_PREFIXES = ("/engines", "/openai/deployments")
"""Behind these stands the model's name, then the endpoint."""


class Level(StrEnum):
    NONE = "none"
    USER = "user"
    ADMIN = "admin"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Line:
    """One row: methods, path template (`{name}` is one segment, `{name:path}` any number), level."""

    methods: frozenset[str]
    path: str
    level: Level


def _line(methods: str, path: str, level: Level) -> Line:
    return Line(frozenset(methods.split()), path, level)


def _both(methods: str, path: str, level: Level) -> tuple[Line, Line]:
    """An LLM path exists bare and under /v1 (contract 1.0)."""
    return _line(methods, path, level), _line(methods, f"/v1{path}", level)


def _inference(path: str) -> tuple[Line, ...]:
    """A hot endpoint in all its places."""
    prefixes = (*PREFIXES, *(f"{prefix}/{{model:path}}" for prefix in MODEL_PREFIXES))
    return tuple(_line("POST", f"{prefix}{path}", Level.USER) for prefix in prefixes)


TABLE: tuple[Line, ...] = (
    _line("GET", "/", Level.NONE),
    _line("GET", "/docs", Level.NONE),
    _line("GET", "/docs/{name}", Level.NONE),
    _line("GET", "/openapi.json", Level.NONE),
    _line("GET", "/health", Level.NONE),
    _line("GET", "/health/liveliness", Level.NONE),
    _line("GET", "/health/liveness", Level.NONE),
    _line("GET", "/health/readiness", Level.NONE),
    _line("GET", "/_health/live", Level.NONE),
    _line("GET", "/_health/ready", Level.NONE),
    _line("GET", "/metrics", Level.NONE),
    *_inference("/chat/completions"),
    *_inference("/completions"),
    *_inference("/embeddings"),
    *_inference("/responses"),
    *_inference("/messages"),
    *_both("GET", "/models", Level.USER),
    *_both("GET", "/models/{model_id:path}", Level.USER),
    _line("GET", "/router/info", Level.USER),
    _line("POST", "/router/route", Level.ADMIN),
)


class AccessTable:
    """Looks a method and path up. Exact paths are one dict access; templates are tried in order."""

    def __init__(self, lines: tuple[Line, ...] = TABLE) -> None:
        self._exact: dict[tuple[str, str], Level] = {}
        self._patterns: dict[str, list[tuple[frozenset[str], re.Pattern[str], Level]]] = {}
        for line in lines:
            if "{" in line.path:
                self._patterns.setdefault(_first(line.path), []).append((line.methods, _compile(line.path), line.level))
            else:
                self._exact.update({(method, line.path): line.level for method in line.methods})

    def level(self, method: str, path: str) -> Level | None:
        """The level, or None where the table has no line."""
        found = self._exact.get((method, path))
        if found is not None:
            return found
        patterns = self._patterns.get(_first(path), ())
        return next(
            (level for methods, pattern, level in patterns if method in methods and pattern.fullmatch(path)), None
        )

    def methods(self, path: str) -> list[str]:
        """Those that `path` has a line for, in alphabetical order; HEAD goes with GET. Slow: for refusals."""
        found = {method for method, exact in self._exact if exact == path}
        for methods, pattern, _ in self._patterns.get(_first(path), ()):
            if pattern.fullmatch(path):
                found |= methods
        return sorted(found | {"HEAD"} if "GET" in found else found)


def _first(path: str) -> str:
    """The first segment: templates begin with a literal one."""
    return path[1:].partition("/")[0]


def _compile(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+(?::path)?\})", template)
    return re.compile("".join(_regex(part) for part in parts))


def _regex(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    return ".+" if part.endswith(":path}") else "[^/]+"
