"""One line a request, cheap enough for every one: msgspec writes it, and a moment's lines go out in one piece.

Lines look as `kit.log`'s do. Where the log is for a person at a terminal, or anything else than JSON on stderr, they go
through structlog like all others.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

import msgspec
import structlog

FLUSH_S = 0.05
"""Lines of the last moment are lost if the process is killed; an orderly stop writes them."""
MOST_LINES = 512

log = structlog.get_logger()


class AccessLog:
    """Make it once logging is configured. `flush` it before the end."""

    def __init__(self, stream: TextIO | None = None) -> None:
        config = structlog.get_config()
        self._stream = stream or sys.stderr
        self._plain = isinstance(config["processors"][-1], structlog.processors.JSONRenderer)
        self._bound = dict(structlog.contextvars.get_contextvars())
        self._encoder = msgspec.json.Encoder(enc_hook=str)
        self._lines: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def write(self, event: str, fields: Mapping[str, object]) -> None:
        """At level info."""
        if not self._plain:
            log.info(event, **fields)
            return
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        line = {**fields, "event": event, **self._bound, "level": "info", "timestamp": now}
        self._lines.append(self._encoder.encode(line))
        if len(self._lines) >= MOST_LINES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Write what is kept."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._lines:
            lines, self._lines = self._lines, []
            self._stream.write(b"\n".join(lines).decode() + "\n")
            self._stream.flush()
