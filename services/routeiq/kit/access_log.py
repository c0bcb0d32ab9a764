"""One line a request, cheap enough for every one: msgspec writes a moment's lines in one piece.

Lines look as `kit.log`'s do. Where the log is for a person at a terminal, or anything else than JSON on stderr, they go
through structlog like all others.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TextIO

import msgspec
import structlog
from msgspec import structs

from routeiq.kit.log import says

_EVERY = ("service", "timestamp", "level")

log = structlog.get_logger()


class Line(msgspec.Struct, kw_only=True, tag_field="event", gc=False):
    """What every line has. Subclasses add their fields and, as `tag`, their event's name."""

    service: str
    timestamp: datetime
    level: str = "info"


class AccessLog:
    """Make it once logging is configured."""

    def __init__(self, stream: TextIO | None = None) -> None:
        config = structlog.get_config()
        self._stream = stream or sys.stderr
        self._plain = isinstance(config["processors"][-1], structlog.processors.JSONRenderer)
        self.service = str(structlog.contextvars.get_contextvars().get("service", ""))
        self._encoder = msgspec.json.Encoder(enc_hook=str)

    def write(self, lines: Sequence[Line]) -> None:
        """At level info."""
        if not says(logging.INFO):
            return
        if self._plain:
            self._stream.write(self._encoder.encode_lines(lines).decode())
            self._stream.flush()
            return
        for line in lines:
            fields = structs.asdict(line)
            log.info(line.__struct_config__.tag, **{name: fields[name] for name in fields if name not in _EVERY})
