"""Server-sent events, read as bytes come in and written back.

`SSEReader` takes chunks cut anywhere and yields whole frames or events; line ends may be LF, CRLF or CR,
mixed. No byte is lost: frames and `rest` joined are the input. Reading is linear in the input, however
small the chunks. What the data means is the caller's.
Source: WHATWG HTML, 9.2.5 and 9.2.6 (interpreting an event stream).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from routeiq.kit.errors import RouteIQError

DEFAULT_LIMIT_BYTES = 4 * 1024 * 1024
_BLANK_LINE = re.compile(rb"\n(?:\n|\r\n?)|\r\r\n?")
"""A line end that follows a line end. CR LF counts as one, so LF alone never follows CR here."""
_OVERLAP = 1
"""How far before new bytes a blank line can begin that only they complete."""
_BOM = b"\xef\xbb\xbf"


class SSEFrameTooLarge(RouteIQError):
    """A peer sent a frame longer than the limit."""

    status, type, code, expose = 502, "upstream_error", "sse_frame_too_large", True


@dataclass(frozen=True, slots=True)
class SSEEvent:
    """One event. `data` has its lines joined by LF; `event` is empty where the peer named none."""

    data: bytes
    event: bytes = b""


class SSEReader:
    """Cuts a byte stream into frames. `rest` holds the bytes of a frame whose end has not come."""

    __slots__ = ("_buffer", "_first", "_limit", "_searched")

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._limit = limit_bytes
        self._first = True

    @property
    def rest(self) -> bytes:
        """A copy."""
        return bytes(self._buffer)

    @property
    def holds(self) -> bool:
        """Whether there is a rest."""
        return bool(self._buffer)

    def frames(self, chunk: bytes) -> list[bytes]:
        """The frames that `chunk` completes, raw, each with the blank line that ends it.

        A frame that ends in CR is given out at once; an LF that follows it opens the next frame, harmlessly.
        Raises: SSEFrameTooLarge: a frame passes the limit, complete or not.
        """
        whole = chunk if not self._buffer else self._joined(chunk)
        start = 0
        frames: list[bytes] = []
        for end in _BLANK_LINE.finditer(whole, self._searched):
            self._check(end.end() - start)
            frames.append(bytes(whole[start : end.end()]))
            start = end.end()
        self._keep(whole, start)
        return frames

    def events(self, chunk: bytes) -> list[SSEEvent]:
        """The events that `chunk` completes. Frames without data (comments, keep-alives) are none."""
        return [event for event in map(self._parse, self.frames(chunk)) if event is not None]

    def finish(self) -> SSEEvent | None:
        """At the end of input: the event of a last frame that lacks its blank line, if it has data.

        The standard drops it. Providers do end their streams like this, and usage may stand in it.
        """
        last, self._buffer, self._searched = bytes(self._buffer), bytearray(), 0
        return self._parse(last)

    def _joined(self, chunk: bytes) -> bytearray:
        self._buffer += chunk
        return self._buffer

    def _keep(self, whole: bytes | bytearray, start: int) -> None:
        if whole is self._buffer:
            del self._buffer[:start]
        else:
            self._buffer = bytearray(memoryview(whole)[start:])
        self._check(len(self._buffer))
        self._searched = max(0, len(self._buffer) - _OVERLAP)

    def _check(self, length: int) -> None:
        if length > self._limit:
            raise SSEFrameTooLarge(f"A server-sent event is longer than {self._limit} bytes.")

    def _parse(self, frame: bytes) -> SSEEvent | None:
        if self._first:
            self._first = False
            frame = frame.removeprefix(_BOM)
        return parse_event(frame)


def parse_event(frame: bytes) -> SSEEvent | None:
    """The event of one frame, or None if it has no data line. `id` and `retry` are not used by any LLM API."""
    data: list[bytes] = []
    name = b""
    for line in frame.splitlines():
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    return SSEEvent(b"\n".join(data), name) if data else None


def encode_event(data: bytes, event: bytes = b"") -> bytes:
    """A frame around `data`, which has no line end in it (JSON has none)."""
    head = b"event: " + event + b"\n" if event else b""
    return head + b"data: " + data + b"\n\n"


DONE = encode_event(b"[DONE]")
"""How a stream in OpenAI's dialect ends."""
