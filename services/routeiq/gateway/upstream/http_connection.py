"""One HTTP/1.1 connection: writes a request, reads its answer into an `Exchange`, and says when it is free again.

llhttp parses. What it lets pass is refused here: heads over 64 KiB, and framing (interim answers, chunk extensions,
trailers) out of proportion to the body. A connection is given back only if its answer ended where the bytes did.

What an upstream says unasked closes the connection, as long as it comes before the next request is written. What comes
after that is read as the answer to it: HTTP/1.1 gives no sign by which the two could be told apart.
"""

from __future__ import annotations

import asyncio
from typing import Final, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from routeiq.gateway.upstream.http_exchange import BUFFER_BYTES, ConnectionLost, Exchange
from routeiq.gateway.upstream.http_head import AnswerHead, AnswerRefused
from routeiq.gateway.upstream.http_keeper import Keeper
from routeiq.kit.cork import Corked, corked
from routeiq.kit.turn import turn_of

MAX_HEAD_BYTES: Final = 64 * 1024
FRAMING_RATIO: Final = 8
"""Framing bytes that a byte of body may cost beyond MAX_HEAD_BYTES. Chunks of one byte cost five."""
_WORTH: Final = 1 + FRAMING_RATIO
_WRITE_BYTES: Final = 128 * 1024


class Connection:
    """An `asyncio.Protocol` in all but name (docs/adr/0013). Belongs to its keeper; carries one exchange at a time."""

    __slots__ = (
        "_ended", "_exchange", "_head", "_head_at", "_in_head", "_interim", "_keeper", "_loop", "_parser", "_parts",
        "_paused", "_reusable", "_slack", "_timer", "_timer_at", "_transport", "_unsent", "_until_close", "_writable",
        "idle_since", "kept", "on_body", "origin", "turn",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, keeper: Keeper, origin: object) -> None:
        self._loop = loop
        self._keeper = keeper
        self.origin = origin
        self.turn = turn_of(loop)
        self.idle_since = 0.0
        self.kept = False
        """True: it has carried an answer before, so that its other end may have gone since."""
        self._parts: list[bytes] = []
        self.on_body = self._parts.append
        """Of one read; the parser calls it, without a frame of ours."""
        self._parser = HttpResponseParser(self)
        self._transport: Corked | None = None
        self._exchange: Exchange | None = None
        self._head: bytes | bytearray = b""
        """What has come of the answer until its head is whole, interim ones included."""
        self._head_at = 0
        self._in_head = self._interim = self._until_close = self._paused = self._reusable = self._ended = False
        self._writable = True
        self._slack = 0
        self._unsent: memoryview | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    @property
    def usable(self) -> bool:
        return not self._ended and self._transport is not None and not self._transport.is_closing()

    def begin(self, head: bytes, body: bytes, timeout_s: float) -> Exchange:
        """Send a whole request. The caller waits for the answer's head with `Exchange.arrival`.

        Args: head: up to the value of `content-length`.
        """
        if self._ended or self._transport is None:
            exchange = Exchange(self._loop, self, timeout_s)
            exchange.end(ConnectionLost())
            return exchange
        self._head = b""
        self._head_at = self._slack = 0
        self._in_head = self._reusable = True
        self._interim = self._until_close = False
        if len(body) <= _WRITE_BYTES:
            self._transport.write(b"%b%d\r\n\r\n%b" % (head, len(body), body))
        else:
            self._transport.write(b"%b%d\r\n\r\n" % (head, len(body)))
            self._unsent = memoryview(body)
            self._write_on()
        self._exchange = exchange = Exchange(self._loop, self, timeout_s)
        return exchange

    def abort(self) -> None:
        """Close at once; whoever waits for its answer gets ConnectionLost."""
        self._end(ConnectionLost())

    def hold(self) -> None:
        """The reader wants a pause."""
        if not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def watch(self, deadline: float) -> None:
        """See to it that somebody looks at the exchange's deadline in time. The timer outlives exchanges."""
        if self._timer is None or deadline < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = deadline
            self._timer = self._loop.call_at(deadline, self._look)

    def resume(self) -> None:
        """The reader took what had piled up."""
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    def _gather(self, data: bytes) -> None:
        if not isinstance(self._head, bytearray):
            self._head = bytearray(self._head)
        self._head += data

    def _look(self) -> None:
        self._timer = None
        exchange = self._exchange
        if exchange is None or (exchange.waiter is None and exchange.callback is None):
            return
        if exchange.deadline > self._loop.time():
            self.watch(exchange.deadline)
        else:
            self._end(TimeoutError())

    def _end(self, error: BaseException) -> None:
        exchange, self._exchange = self._exchange, None
        if not self._ended:
            self._ended = True
            self._unsent = None
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._transport is not None:
                self._transport.abort()
            self._keeper.ended(self)
        if exchange is not None:
            exchange.end(error)

    def _finish(self, exchange: Exchange) -> None:
        """The answer is whole."""
        self._exchange = None
        exchange.end()
        assert self._transport is not None
        written = self._unsent is None and not self._transport.get_write_buffer_size()
        if self._reusable and written and not self._transport.is_closing():
            self.resume()
            self.kept = True
            self._keeper.give_back(self)
        else:
            self.abort()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = corked(transport, self._loop)

    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None or (not exchange.answered and self._nothing_sent()):
            self._refuse_unasked()
            return
        exchange.answered = True
        self._slack += len(data)
        beginning = exchange.head is None
        if self._in_head:
            if self._head:
                self._gather(data)
            else:
                self._head = data
        refused: AnswerRefused | None = None
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._reusable = False
            cause = error.__context__
            refused = cause if isinstance(cause, AnswerRefused) else AnswerRefused("not HTTP/1.1")
        if self._parts:
            self._pass_on(exchange)
        elif beginning and exchange.head is not None:
            exchange.wake()
        if self._exchange is exchange:
            self._go_on(exchange, refused)

    def _nothing_sent(self) -> bool:
        """The request has not left, or in this turn. Not of a long one, which leaves in pieces."""
        return self._transport is not None and self._transport.holds

    def _refuse_unasked(self) -> None:
        """They must not become the next answer, which may be another caller's."""
        if not self._ended:
            self._keeper.spoke_unasked(self)
            self.abort()

    def _pass_on(self, exchange: Exchange) -> None:
        """The pieces of one read, as one."""
        parts = self._parts
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        self._slack -= _WORTH * len(data)
        exchange.receive(data)

    def _go_on(self, exchange: Exchange, refused: AnswerRefused | None) -> None:
        if exchange.complete:
            self._finish(exchange)
        elif refused is not None:
            self._end(refused)
        elif self._slack > MAX_HEAD_BYTES:
            self._end(AnswerRefused("too much around its body"))
        elif exchange.buffered > BUFFER_BYTES:
            self.hold()
            exchange.call_back()

    def eof_received(self) -> None:
        exchange = self._exchange
        if exchange is not None and self._until_close:
            self._reusable = False
            self._finish(exchange)
        else:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc if isinstance(exc, OSError) else ConnectionLost())
        self._transport = None
        self._keeper.lost(self)

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._write_on()

    def _write_on(self) -> None:
        """A long body goes out in pieces, so that the transport never holds a second copy of it, and at once."""
        while self._unsent is not None and self._writable and self._transport is not None:
            piece, rest = self._unsent[:_WRITE_BYTES], self._unsent[_WRITE_BYTES:]
            self._unsent = rest if rest else None
            self._transport.write(piece)
            self._transport.flush()

    # What the parser calls. Raising stops it.

    def on_message_begin(self) -> None:
        if self._exchange is None or self._exchange.complete:
            raise AnswerRefused("bytes after its end")

    def on_headers_complete(self) -> None:
        """The fields are read from the bytes, not from the parser: it would call back for each of them."""
        status = self._parser.get_status_code()
        start = self._head_at
        while self._head[start] in b"\r\n":  # before a status line the parser passes over them
            start += 1
        end = self._head.index(b"\r\n\r\n", start) + 2
        if status < 200:
            if status < 100 or status == 101:  # the former may have a body, for llhttp
                raise AnswerRefused("a status that is none, or another protocol")
            self._interim = True
            self._head_at = end + 2
            return
        if end - start > MAX_HEAD_BYTES:
            raise AnswerRefused("head too long")
        lines, self._head = bytes(self._head[start:end]), b""
        self._in_head = self._interim = False
        self._accept(status, AnswerHead(status, lines))

    def _accept(self, status: int, head: AnswerHead) -> None:
        self._until_close = head.until_close
        self._reusable = not head.until_close and self._parser.should_keep_alive()
        exchange = cast("Exchange", self._exchange)
        exchange.status, exchange.head = status, head

    def on_message_complete(self) -> None:
        if not self._interim:
            cast("Exchange", self._exchange).complete = True
