"""Structured logs: one JSON object a line on stderr. Events are dotted names, facts are fields.

Prompts, completions and keys are never logged; lengths and hashes are. A traceback shows no local variables, and what
looks like a credential in any text is cut out of it.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog

from routeiq.kit.redaction import redacted


def configure(level: str = "INFO", *, service: str = "routeiq", pretty: bool = False) -> None:
    """Set up logging for the process. `pretty` is for a person at a terminal."""
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if pretty
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_credentials,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_number(level)),
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


def _number(level: str) -> int:
    return logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
