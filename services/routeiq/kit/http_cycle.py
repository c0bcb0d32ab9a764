"""One request and its answer, for ASGI and for who knows `kit.exchange`.

A head waits for the first byte of its body, so that both go out in one piece and a failure before that is still a 500.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Final

import structlog

from routeiq.kit.error_bodies import internal_body
from routeiq.kit.exchange import NONE_REPEATED, AtOnce, RawHeaders, Repeated, Work
from routeiq.kit.http_head import BODILESS, CHUNKED, CLOSING_END, END, LENGTH, STATUS_LINES, encode, ready

if TYPE_CHECKING:
    from routeiq.kit.asgi import ASGIApp, Message
    from routeiq.kit.http_connection import Connection
    from routeiq.kit.turn import Turn

log = structlog.get_logger()

LARGE_BODY: Final = 64 * 1024
"""Above it a copy costs more than a second buffer."""


class Cycle:
    """One request. Its connection feeds it, begins it in its turn, and tells it that the client has left."""

    __slots__ = (
        "_asked", "_chunked", "_connection", "_event", "_given", "_head", "_head_only", "_headers", "_http_1_1",
        "_more", "_on_left", "_parts", "_remaining", "complete", "keep_alive", "left", "task", "unread",
    )  # fmt: skip

    def __init__(
        self, connection: Connection, headers: RawHeaders, head_only: bool, http_1_1: bool, keep_alive: bool
    ) -> None:
        self.keep_alive = keep_alive
        self.complete = False
        """Answered."""
        self.left = False
        self.unread = 0
        """Bytes of the body that nobody has asked for yet."""
        self.task: asyncio.Task[None] | None = None
        self._connection = connection
        self._headers = headers
        self._head_only = head_only
        self._http_1_1 = http_1_1
        self._parts: list[bytes] = []
        self._more = True
        self._given = False
        """The application has the end of the body."""
        self._asked = False
        """It has asked for some of it."""
        self._head: bytes | None = None
        """Of the answer. None: there is none yet. Empty: it has been written."""
        self._chunked = False
        self._remaining: int | None = None
        """Bytes that the answer still owes. None: it has as many as come."""
        self._on_left: Callable[[], None] | None = None
        self._event: asyncio.Event | None = None

    # For the connection.

    def begin(self, app: ASGIApp, at_once: AtOnce | None, scope: MutableMapping[str, Any]) -> None:
        """Let the application answer: without a task where it can."""
        work: Work | bool = False
        if at_once is not None and not self._more:
            try:
                work = at_once(scope, self)
            except Exception:
                log.exception("http.app_failed", path=scope["path"])
                self._break_off()
                return
        if work is False:
            self.run(app(scope, self.receive, self.send))  # type: ignore[arg-type]  # every application is a coroutine
        elif work is not True:
            self.run(work)

    def run(self, work: Work) -> None:
        self.task = task = self._connection.loop.create_task(self._run(work))
        self._connection.tasks.add(task)

    async def _run(self, work: Work) -> None:
        try:
            await work
        except Exception:
            log.exception("http.app_failed")
        finally:
            self._connection.tasks.discard(self.task)
            if not self.complete and not self.left:
                self._break_off()

    @property
    def begun(self) -> bool:
        """Whether something of the answer is on the wire."""
        return self._head == b""

    def feed(self, data: bytes) -> None:
        """A piece of the body."""
        if not self.complete:
            self._parts.append(data)
            self.unread += len(data)
            if self._event is not None:
                self._event.set()

    def fed(self) -> None:
        """The body is all here."""
        self._more = False
        if self._event is not None:
            self._event.set()

    def leave(self) -> None:
        """The client has left, or the connection has given it up."""
        if self.left or self.complete:
            return
        self.left = True
        self._forget()
        callback, self._on_left = self._on_left, None
        if callback is not None:
            callback()

    def _forget(self) -> None:
        self._parts.clear()
        self.unread = 0
        if self._event is not None:
            self._event.set()

    def _break_off(self) -> None:
        log.error("http.unanswered", begun=self.begun)
        if self.begun:
            self._connection.close()
            return
        self._head, self.keep_alive = None, False
        self.whole(500, [(b"content-type", b"application/json")], internal_body())

    # ASGI.

    async def receive(self) -> Message:
        while not self.complete and not self.left:
            if self._parts or not (self._more or self._given):
                body = b"".join(self._parts)
                self._parts.clear()
                self.unread, self._asked, self._given = 0, True, not self._more
                self._connection.resume()
                return {"type": "http.request", "body": body, "more_body": self._more}
            await self._news()
        return {"type": "http.disconnect"}

    async def _news(self) -> None:
        if self._more and self._head is None and self._expects():
            self._headers = ()
            self._connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._event is None:
            self._event = asyncio.Event()
        self._event.clear()
        await self._event.wait()

    def _expects(self) -> bool:
        return self._http_1_1 and any(
            name == b"expect" and value.lower() == b"100-continue" for name, value in self._headers
        )

    async def send(self, message: Message) -> None:
        if self._connection.write_paused:
            await self.drain()
        kind = message["type"]
        if kind == "http.response.body":
            if message.get("more_body", False):
                self.part(message.get("body", b""))
            else:
                self.end(message.get("body", b""))
        elif kind == "http.response.start":
            self.start(message["status"], message.get("headers", ()))
        else:
            raise RuntimeError(f"{kind} is no message of an HTTP answer.")

    # The same without messages.

    @property
    def turn(self) -> Turn:
        return self._connection.transport.turn

    def body(self) -> bytes | None:
        if self._more or self._asked or self.left:
            return None
        parts = self._parts
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        self.unread, self._asked, self._given = 0, True, True
        return body

    def on_left(self, callback: Callable[[], None] | None) -> None:
        if callback is not None and self.left:
            callback()
        else:
            self._on_left = callback

    async def drain(self) -> None:
        await self._connection.drain()

    def on_drained(self, callback: Callable[[], None]) -> None:
        if not self.left:
            self._connection.on_drained(callback)

    def whole(
        self,
        status: int,
        headers: RawHeaders,
        body: bytes,
        repeated: Repeated = NONE_REPEATED,
        also: Repeated = NONE_REPEATED,
        lines: bytes = b"",
    ) -> None:
        if self.left:
            return
        if self._head is not None:
            raise RuntimeError("An answer has begun already.")
        if status in BODILESS:
            self.start(status, headers, repeated, also, lines)
            self.end(body)
            return
        own, length, close = encode(headers)
        if length is not None:
            raise RuntimeError("The length of a whole answer is the server's to say.")
        default = self._connection.default_lines()
        head = (
            STATUS_LINES[status],
            default,
            ready(repeated),
            ready(also),
            own,
            lines,
            LENGTH,
            b"%d" % len(body),
            self._end(close),
        )
        self._write(head, b"" if self._head_only else body)
        self._finish()

    def start(
        self,
        status: int,
        headers: RawHeaders,
        repeated: Repeated = NONE_REPEATED,
        also: Repeated = NONE_REPEATED,
        lines: bytes = b"",
    ) -> None:
        if self.left:
            return
        if self._head is not None:
            raise RuntimeError("An answer has begun already.")
        own, length, close = encode(headers)
        self._remaining = 0 if self._head_only or status in BODILESS else length
        self._chunked = self._remaining is None and self._http_1_1
        framing = CHUNKED if self._chunked else b""
        default = self._connection.default_lines()
        self._head = b"".join(
            (STATUS_LINES[status], default, ready(repeated), ready(also), own, lines, framing, self._end(close))
        )

    def part(self, data: bytes) -> bool:
        if self.left:
            return True
        data = self._framed(data)
        if data and self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._pass_on(data)
        return not self._connection.write_paused

    def end(self, last: bytes = b"") -> None:
        if self.left:
            return
        last = self._framed(last)
        if self._remaining:
            raise RuntimeError("The answer is shorter than its content-length.")
        if self._chunked:
            last = b"%x\r\n%b\r\n0\r\n\r\n" % (len(last), last) if last else b"0\r\n\r\n"
        self._pass_on(last)
        self._finish()

    def _framed(self, data: bytes) -> bytes:
        """What of the data goes out. Raises RuntimeError for too much of it."""
        if self._head is None or self.complete:
            raise RuntimeError("No answer is open.")
        if self._head_only:
            return b""
        if self._remaining is not None:
            self._remaining -= len(data)
            if self._remaining < 0:
                raise RuntimeError("The answer is longer than its content-length.")
        return data

    def _pass_on(self, data: bytes) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._write((head,), data)
        elif data:
            self._connection.transport.write(data)

    def _write(self, head: tuple[bytes, ...], data: bytes) -> None:
        transport = self._connection.transport
        if len(data) <= LARGE_BODY:
            transport.write(b"".join((*head, data)))
        else:
            transport.write(b"".join(head))
            transport.write(data)

    def _end(self, close: bool) -> bytes:
        """Of the head. It says so if the connection ends with this answer."""
        if close or not self.keep_alive or (self._connection.draining and not self._connection.waiting):
            self.keep_alive = False
            return CLOSING_END
        return END

    def _finish(self) -> None:
        self._head = b""
        self.complete = True
        self._on_left = None
        if self._parts or self._event is not None:
            self._forget()
        self._connection.answered(self)
