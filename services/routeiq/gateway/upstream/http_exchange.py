"""One request's answer while it arrives: the connection fills it, the response empties it. One reader, one waiter.

The reader takes what has come, or gives a sink, which gets every read at once, without waking anybody.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final, Protocol

from routeiq.gateway.upstream.http_head import AnswerHead
from routeiq.gateway.upstream.provider import Sink
from routeiq.kit.turn import Turn

BUFFER_BYTES: Final = 256 * 1024
"""What may wait for its reader before the connection stops reading."""


class ConnectionLost(Exception):
    """The other side closed, or the client did."""


class SinkFailed(Exception):
    """A sink raised `error`."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Line(Protocol):
    """What an exchange may ask of the connection that it came over."""

    @property
    def turn(self) -> Turn: ...

    def watch(self, deadline: float) -> None: ...

    def hold(self) -> None: ...

    def resume(self) -> None: ...

    def abort(self) -> None: ...


class Exchange:
    """`line` is None once the connection is done with it: all of the answer is here, or `error` says why not."""

    __slots__ = (
        "_loop",
        "_sink",
        "answered", "begun",
        "buffered",
        "callback",
        "complete",
        "deadline",
        "early",
        "error",
        "head",
        "line",
        "parts",
        "status",
        "timeout_s",
        "waiter",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, line: Line, timeout_s: float) -> None:
        self._loop = loop
        self._sink: Sink | None = None
        self.line: Line | None = line
        self.timeout_s = timeout_s
        self.begun = loop.time()
        self.deadline = math.inf
        self.waiter: asyncio.Future[None] | None = None
        self.callback: Callable[[], None] | None = None
        """Instead of a reader: called once, when all is here, when nothing more comes, or when no more can be kept."""
        self.early = False
        """It is called before that too, and again: when the head has come, and when something of the body has."""
        self.answered = False
        """True: at least one byte came back."""
        self.status = 0
        self.head: AnswerHead | None = None
        self.parts: list[bytes] = []
        self.buffered = 0
        self.complete = False
        self.error: BaseException | None = None

    async def arrival(self, deadline: float = 0.0) -> None:
        """Wait for the head, for bytes or for an end. Raises: what ended the connection; TimeoutError.

        Args: deadline: of the head, by the loop's clock; 0: for what follows it, `timeout_s` from now.
        A cancelled wait closes the connection.
        """
        broken = self.error
        if broken is not None:
            raise broken
        assert self.line is not None
        self.deadline = deadline or self._loop.time() + self.timeout_s
        self.line.watch(self.deadline)
        self.waiter = self._loop.create_future()
        try:
            await self.waiter
        except BaseException:
            self.drop()
            raise
        if self.error is not None and (deadline or not self.parts):  # what came with a break is read first
            raise self.error

    async def push(self, sink: Sink) -> bool:
        """Give `sink` what is here and all that comes. True: that was all; False: it wants a pause, and the connection
        reads no more until the next call. Raises: as `arrival`; SinkFailed.
        """
        self._sink = sink
        if self.line is not None:
            self.line.resume()
        if self.parts:
            self._pour(sink, self.take())
        if self._sink is not None and not self.complete:
            await self.arrival()
        elif self.error is not None:
            raise self.error
        held, self._sink = self._sink is None, None
        return not held

    def call(self, callback: Callable[[], None], *, early: bool = False) -> None:
        """Have `callback` called, within `timeout_s` from the beginning, where others would wait."""
        self.callback, self.early = callback, early
        self.deadline = self.begun + self.timeout_s
        if self.line is not None:
            self.line.watch(self.deadline)

    def pour(self, sink: Sink, callback: Callable[[], None]) -> None:
        """As `push`, without waiting: `callback` is called once, when that was all, when nothing more comes, or when
        `sink` has raised or wants a pause."""
        self._sink, self.callback, self.early = sink, callback, False
        line = self.line
        if line is not None:
            line.resume()
            self.deadline = self._loop.time() + self.timeout_s
            line.watch(self.deadline)
        if self.parts:
            self._pour(sink, self.take())
        if line is None:
            self.call_back()

    @property
    def pauses(self) -> bool:
        """Why the callback of `pour` was called: its sink wants a pause."""
        return self._sink is None and not isinstance(self.error, SinkFailed)

    def take(self) -> bytes:
        """Everything that has come and was not taken."""
        parts = self.parts
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        if self.buffered > BUFFER_BYTES and self.line is not None:
            self.line.resume()
        self.buffered = 0
        return data

    def receive(self, data: bytes) -> None:
        """Of one read: to the sink at once, or to be taken."""
        if self._sink is not None:
            self._pour(self._sink, data)
        else:
            self.parts.append(data)
            self.buffered += len(data)
            self.wake()

    def _pour(self, sink: Sink, data: bytes) -> None:
        try:
            if sink(data):
                self.deadline = self._loop.time() + self.timeout_s
                return
        except Exception as error:  # noqa: BLE001  # raised again where the answer is awaited
            self.complete, self.error = False, SinkFailed(error)
            callback = self.callback
            self.drop()
            self.callback = callback
        self._sink = None
        if self.line is not None:
            self.line.hold()
        self.deadline = math.inf
        if self.callback is not None:
            self.call_back()
        else:
            self.wake()

    def wake(self) -> None:
        """Let the reader look."""
        if self.callback is not None:
            if self.early:
                self.callback()
            return
        waiter, self.waiter = self.waiter, None
        self.deadline = math.inf
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def end(self, error: BaseException | None = None) -> None:
        """Nothing more will come. What came before an error can still be taken."""
        line, self.line = self.line, None
        if error is None:
            self.complete = True
        elif self.error is None:
            self.error = error
        if self.callback is not None:
            if line is None:
                self.call_back()
            else:
                line.turn.answer(self.call_back)
        else:
            self.wake()

    def call_back(self) -> None:
        """From now on somebody waits, or nobody."""
        callback, self.callback = self.callback, None
        if callback is not None:
            callback()

    def call_off(self) -> None:
        """Somebody waits from now on."""
        self.callback = None

    def drop(self) -> None:
        """Nobody reads on: the connection is closed, unless it was given back already. A reader elsewhere fails."""
        self._sink = self.callback = None
        if self.parts:  # what is thrown away must not pass for an empty answer
            self.parts.clear()
            self.complete, self.error = False, ConnectionLost()
        line, self.line = self.line, None
        if line is not None:
            line.abort()
