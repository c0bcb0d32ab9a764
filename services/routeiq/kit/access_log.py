"""One line a request, cheap enough for every one: what many have in common is JSON already, and the rest is put behind.

Lines look as `kit.log`'s do. Where the log is for a person at a terminal, or anything else than JSON on stderr, they go
through structlog like all others.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

import msgspec
import structlog

from routeiq.kit.log import says

_EVERY = ("event", "service", "timestamp", "level")
_encode = msgspec.json.Encoder(enc_hook=str).encode

log = structlog.get_logger()


class AccessLog:
    """Make it once logging is configured."""

    def __init__(self, stream: TextIO | None = None) -> None:
        config = structlog.get_config()
        self._stream = stream or sys.stderr
        self._plain = isinstance(config["processors"][-1], structlog.processors.JSONRenderer)
        self._service = str(structlog.contextvars.get_contextvars().get("service", ""))

    def begin(self, event: str, fields: Mapping[str, object]) -> str:
        """What lines of one kind begin with, at level info. Then come more fields, each after a comma, and `}`."""
        return json_text({"event": event, "service": self._service, "level": "info", **fields})[:-1]

    def write(self, lines: Sequence[str]) -> None:
        """Each is one of `begin`'s, and has its end."""
        if not says(logging.INFO) or not lines:
            return
        if self._plain:
            self._stream.write("\n".join((*lines, "")))
            self._stream.flush()
            return
        for line in lines:
            fields = msgspec.json.decode(line)
            log.info(fields["event"], **{name: fields[name] for name in fields if name not in _EVERY})


def json_text(value: object) -> str:
    """`value` in JSON."""
    return _encode(value).decode()
