"""One request and its answer, for ASGI and for who knows `kit.exchange`.

A head waits for the first byte of its body, so that both go out in one piece and a failure before that is still a 500.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, Any

import structlog

from routeiq.kit.error_bodies import internal_body
from routeiq.kit.exchange import RawHeaders
from routeiq.kit.http_head import BODILESS, CHUNKED, CLOSE, LENGTH, Head

if TYPE_CHECKING:
    from routeiq.kit.asgi import ASGIApp, Message
    from routeiq.kit.http_connection import Connection

log = structlog.get_logger()

LARGE_BODY = 64 * 1024
"""Above it a copy costs more than a second buffer."""


class Cycle:
    """Of one connection, which tells it what comes and that the client has left. Answers in order are its care too."""

    unread = 0
    """Bytes of the body that nobody has asked for yet."""
    complete = False
    """Answered."""
    left = False
    task: asyncio.Task[None]
    _more = True
    _given = False
    """The application has the end of the body, or the disconnect."""
    _head: bytes | None = None
    """Of the answer. None: there is none yet. Empty: it has been written."""
    _chunked = False
    _remaining: int | None = None
    """Bytes that the answer still owes. None: it has as many as come."""
    _on_left: Callable[[], None] | None = None
    _event: asyncio.Event | None = None

    def __init__(
        self, connection: Connection, headers: RawHeaders, *, head_only: bool, http_1_1: bool, keep_alive: bool
    ) -> None:
        self.keep_alive = keep_alive
        self._connection = connection
        self._headers = headers
        self._head_only = head_only
        self._http_1_1 = http_1_1
        self._parts: list[bytes] = []

    # For the connection.

    async def run(self, app: ASGIApp, scope: MutableMapping[str, Any]) -> None:
        try:
            await app(scope, self.receive, self.send)
        except Exception:
            log.exception("http.app_failed", path=scope["path"])
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
                self.unread, self._given = 0, not self._more
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

    def body(self) -> bytes | None:
        if self._more or self._given or self.left:
            return None
        parts = self._parts
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        self.unread, self._given = 0, True
        return body

    def on_left(self, callback: Callable[[], None] | None) -> None:
        if callback is not None and self.left:
            callback()
        else:
            self._on_left = callback

    async def drain(self) -> None:
        await self._connection.drain()

    def whole(self, status: int, headers: RawHeaders, body: bytes) -> None:
        if self.left:
            return
        if self._head is not None:
            raise RuntimeError("An answer has begun already.")
        if status in BODILESS:
            self.start(status, headers)
            self.end(body)
            return
        head = Head(headers)
        if head.length is not None:
            raise RuntimeError("The length of a whole answer is the server's to say.")
        data = b"%b%b%b%d%b\r\n\r\n" % (
            self._connection.status_line(status), head.lines, LENGTH, len(body), self._closing(head)
        )  # fmt: skip
        self._write(data, b"" if self._head_only else body)
        self._finish()

    def start(self, status: int, headers: RawHeaders) -> None:
        if self.left:
            return
        if self._head is not None:
            raise RuntimeError("An answer has begun already.")
        head = Head(headers)
        self._remaining = 0 if self._head_only or status in BODILESS else head.length
        framing = b""
        if self._remaining is None:
            self._chunked = self._http_1_1
            framing = CHUNKED if self._chunked else b""
        line = self._connection.status_line(status)
        self._head = b"%b%b%b%b\r\n\r\n" % (line, head.lines, framing, self._closing(head))

    def part(self, data: bytes) -> bool:
        if self.left:
            return False
        data = self._framed(data)
        if data and self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._pass_on(data)
        return self._connection.write_paused

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
            self._write(head, data)
        elif data:
            self._connection.transport.write(data)

    def _write(self, head: bytes, data: bytes) -> None:
        write = self._connection.transport.write
        if len(data) <= LARGE_BODY:
            write(head + data)
        else:
            write(head)
            write(data)

    def _closing(self, head: Head) -> bytes:
        """The line that says so, if the connection ends with this answer."""
        if head.close or not self.keep_alive or self._connection.ends_here():
            self.keep_alive = False
            return CLOSE
        return b""

    def _finish(self) -> None:
        self._head = b""
        self.complete = True
        self._on_left = None
        if self._parts or self._event is not None:
            self._forget()
        self._connection.answered(self)
