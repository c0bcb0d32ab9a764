"""Structured logs: one JSON object a line on stderr. Events are dotted names, facts are fields.

Prompts, completions and keys are never logged; lengths and hashes are. A traceback shows no local variables, and what
looks like a credential in any text is cut out of it.
"""

from __future__ import annotations

import logging
import sys
from typing import Final, TextIO

import structlog

from routeiq.kit.redaction import redacted

_LEVELS: Final = {name.lower(): number for name, number in logging.getLevelNamesMapping().items()}


class _Threshold:
    """Below it nothing is said. Loggers, once used, keep their class, so that it stands beside them."""

    number = logging.INFO


_threshold: Final = _Threshold()


def set_level(level: str) -> None:
    """From now on say what is of `level` or above, such as `WARNING`, and nothing else; a word that is no level means
    INFO."""
    _threshold.number = _LEVELS.get(level.lower(), logging.INFO)


def says(level: int) -> bool:
    """Whether lines of that level, of the `logging` module's, are written."""
    return level >= _threshold.number


def configure(level: str = "INFO", *, service: str = "routeiq", pretty: bool = False) -> None:
    """Set up logging for the process. `pretty` is for a person at a terminal."""
    set_level(level)
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if pretty
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            _unless_quiet,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_credentials,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=logging.WARNING, handlers=[handler(sys.stderr)])


def handler(stream: TextIO) -> logging.Handler:
    """For what libraries say."""
    made = logging.StreamHandler(stream)
    made.setFormatter(_Formatter("%(levelname)s %(name)s: %(message)s"))
    return made


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def _without_credentials(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {name: redacted(value) if isinstance(value, str) else value for name, value in event.items()}


def _unless_quiet(_: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if says(_LEVELS.get(method, logging.ERROR)):
        return event
    raise structlog.DropEvent
