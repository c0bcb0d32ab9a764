"""uvicorn's httptools protocol with the bounds that it lacks: on heads, on framing, and on waiting for a peer.

Without them one connection that sends an endless header keeps the whole loop busy, because the parser joins what it
has with every piece that comes. Costs a few comparisons a read. `sweep` closes who is silent for too long.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from routeiq.kit.error_bodies import openai_error

MAX_HEAD_BYTES = 64 * 1024
"""Request line and headers, and whatever else is not body: chunk sizes and extensions, trailers."""
MAX_FRAMING_PER_BODY_BYTE = 16
IDLE_S = 75.0
"""For a first request; uvicorn's own keep-alive limit covers the time between two."""
HEAD_S = 20.0
BODY_SILENCE_S = 60.0
BODY_S = 600.0
"""For a whole body, however steadily it drips."""
_REASONS = {400: b"Bad Request", 408: b"Request Timeout", 431: b"Request Header Fields Too Large"}

_HEAD = b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"


class Corked:
    """A transport that sends what is written within one turn of the loop in one piece: head and body of an answer."""

    __slots__ = ("_loop", "_parts", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._parts:
            parts, self._parts = self._parts, []
            if self._transport.is_closing():
                return
            self._transport.write(parts[0] if len(parts) == 1 else b"".join(parts))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    _fed = 0
    """Bytes of this request but for the read in which it began, which is no larger than a head may be."""
    _body = 0
    _reading_body = False
    _overall = math.inf
    deadline = math.inf
    """By the loop's clock: when a silent peer is given up. Infinite while the application has the word."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(Corked(transport, self.loop))  # type: ignore[arg-type]  # as much of one as uvicorn uses
        self.deadline = self.loop.time() + IDLE_S

    def data_received(self, data: bytes) -> None:
        if len(data) <= MAX_HEAD_BYTES:
            self._read(data)
            return
        for start in range(0, len(data), MAX_HEAD_BYTES):
            if not self.transport.is_closing():
                self._read(data[start : start + MAX_HEAD_BYTES])

    def _read(self, data: bytes) -> None:
        self._fed += len(data)
        super().data_received(data)
        if self._fed - self._body > MAX_HEAD_BYTES + MAX_FRAMING_PER_BODY_BYTE * self._body:
            self.refuse(431, "The request's headers are too large.")
        elif self._reading_body:
            self.deadline = min(self.loop.time() + BODY_SILENCE_S, self._overall)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._fed = self._body = 0
        self.deadline = self.loop.time() + HEAD_S

    def on_headers_complete(self) -> None:
        if self._fed and self._head_bytes() > MAX_HEAD_BYTES:
            self.refuse(431, "The request's headers are too large.")
            return
        self._reading_body = True
        self._overall = self.loop.time() + BODY_S
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._reading_body = False
        self._fed = self._body = 0
        self.deadline = math.inf
        super().on_message_complete()

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def send_400_response(self, msg: str) -> None:
        self.refuse(400, msg)

    def refuse(self, status: int, message: str) -> None:
        """Answer, unless an answer has begun, and close."""
        if self.transport.is_closing():
            return
        if self._has_the_word():
            body = openai_error(message, "invalid_request_error", "invalid_http")
            self.transport.write(_HEAD % (status, _REASONS[status], len(body)) + body)
        self.transport.close()

    def _has_the_word(self) -> bool:
        """Whether the next answer on the wire would be that of the request that is being read."""
        cycle = self.cycle
        return cycle is None or cycle.response_complete or (self._reading_body and not cycle.response_started)


def sweep(connections: Iterable[object], now: float) -> None:
    """Give up the peers that have been silent past their deadline."""
    for one in list(connections):
        if isinstance(one, BoundedProtocol) and one.deadline < now:
            one.refuse(408, "The request did not come in time.")
