"""One line a request, cheap enough for every one: msgspec writes it, and a moment's lines go out in one piece.

Lines look as `kit.log`'s do. Where the log is for a person at a terminal, or anything else than JSON on stderr, they go
through structlog like all others.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from typing import TextIO

import msgspec
import structlog
from msgspec import structs

FLUSH_S = 0.05
"""Lines of the last moment are lost if the process is killed; an orderly stop writes them."""
MOST_LINES = 512

_EVERY = ("service", "timestamp", "level")

log = structlog.get_logger()


class Line(msgspec.Struct, kw_only=True, tag_field="event"):
    """What every line has. Subclasses add their fields and, as `tag`, their event's name."""

    service: str
    timestamp: datetime
    level: str = "info"


class AccessLog:
    """Make it once logging is configured. `flush` it before the end."""

    def __init__(self, stream: TextIO | None = None) -> None:
        config = structlog.get_config()
        self._stream = stream or sys.stderr
        self._plain = isinstance(config["processors"][-1], structlog.processors.JSONRenderer)
        self.service = str(structlog.contextvars.get_contextvars().get("service", ""))
        self._encoder = msgspec.json.Encoder(enc_hook=str)
        self._lines: list[Line] = []
        self._timer: asyncio.TimerHandle | None = None

    def write(self, line: Line) -> None:
        """At level info."""
        if not self._plain:
            fields = structs.asdict(line)
            log.info(line.__struct_config__.tag, **{name: fields[name] for name in fields if name not in _EVERY})
            return
        self._lines.append(line)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self.flush)
        elif len(self._lines) >= MOST_LINES:
            self.flush()

    def flush(self) -> None:
        """Write what is kept."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._lines:
            lines, self._lines = self._lines, []
            self._stream.write(self._encoder.encode_lines(lines).decode())
            self._stream.flush()
