"""One line a request, cheap enough for every one: msgspec writes it, and a moment's lines go out in one piece.

Lines look as `kit.log`'s do. Where the log is for a person at a terminal, or anything else than JSON on stderr, they go
through structlog like all others.
"""

from __future__ import annotations

import asyncio
import sys
import time
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
        self._ends: dict[str, bytes] = {}
        """What every line of an event ends with, up to its time."""
        self._second, self._until_second = 0, b""
        self._lines: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def write(self, event: str, fields: msgspec.Struct) -> None:
        """At level info. `fields` has at least one field."""
        if not self._plain:
            log.info(event, **msgspec.structs.asdict(fields))
            return
        end = self._ends.get(event) or self._end(event)
        self._lines.append(b"%b%b%b" % (self._encoder.encode(fields)[:-1], end, self._time()))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self.flush)
        elif len(self._lines) >= MOST_LINES:
            self.flush()

    def _end(self, event: str) -> bytes:
        encoded = self._encoder.encode({"event": event, **self._bound, "level": "info"})
        self._ends[event] = end = b",%b," % encoded[1:-1]
        return end

    def _time(self) -> bytes:
        """The field of the present moment, and the end of the line."""
        now = time.time()
        second = int(now)
        if second != self._second:
            text = datetime.fromtimestamp(second, UTC).isoformat().removesuffix("+00:00")
            self._second, self._until_second = second, f'"timestamp":"{text}.'.encode()
        return b'%b%06dZ"}' % (self._until_second, (now - second) * 1_000_000)

    def flush(self) -> None:
        """Write what is kept."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._lines:
            lines, self._lines = self._lines, []
            self._stream.write(b"\n".join(lines).decode() + "\n")
            self._stream.flush()
