"""HTTP/1.1 for uvicorn's server, with bounds on all that a peer may send.

uvicorn keeps the sockets, the lifespan and the order of a shutdown. Its own protocols cost twice as much a request and
lack the bounds: on heads and on framing, for one endless header keeps the whole loop busy, because the parser joins
what it has with every piece that comes; and on waiting: who serves asks each connection every few seconds to `expire`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, MutableMapping
from typing import Any, Final

import structlog
import uvicorn
from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.server import ServerState

from routeiq.kit.http_bounds import MAX_FRAMING_PER_BODY_BYTE, MAX_HEAD_BYTES
from routeiq.kit.http_connection import MOST_UNREAD_BYTES, Connection
from routeiq.kit.http_cycle import Cycle
from routeiq.kit.http_refusals import INVALID, REFUSALS, refusal_answer
from routeiq.kit.http_request import AT_ONCE_BYTES, begins_plainly, has_many_lines, is_http, primer, refusal, size
from routeiq.kit.http_scope import Scopes
from routeiq.kit.http_times import BODY_S, BODY_SILENCE_S, HEAD_S, IDLE_S, KEEP_ALIVE_S

log = structlog.get_logger()

Refused = Callable[[int], None]
"""Called with the status of each request that no application gets to see, because it is none or does not come."""

_NOTHING: Final = 0
_HEAD: Final = 1
_TIMED_HEAD: Final = 2
_BODY: Final = 3
"""What is being read. The time of a head or a body begins to count at the end of the read in which it began."""
_NO_PARSER = HttpRequestParser(object())
"""Of a connection that is lost."""


class HTTPProtocol(Connection):
    """One connection, made by `uvicorn.Server`."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        refused: Refused = lambda _: None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._refused = refused
        self.deadline = math.inf
        """By the loop's clock: when a silent peer is given up. Infinite while the application has the word."""
        self._reading = _NOTHING
        self._fed = 0
        """Bytes of this request but for the read in which it began, which is no larger than a head may be."""
        self._body = 0
        self._overall = math.inf
        """By the same clock: when the body that is being read must be whole."""
        self._unfed = b""
        """What was read and waits for room."""
        self._read = b""
        """What a head is in that is being read."""
        self._begins = False
        """Whether it begins with that head."""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._primer = b""
        """A head of nothing but its framing, for the body of a request whose own parser will not read it."""
        self._fresh: MutableMapping[str, Any] | None = None
        """The scope of the current request until it is begun."""
        self._incoming: Cycle | None = None
        """Whose body is being read."""
        self._parser = HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._scopes = Scopes(transport, self._app_state)
        self.deadline = self.loop.time() + IDLE_S

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._incoming = None
        self._unfed = b""
        self._parser = _NO_PARSER  # its own one holds this

    def data_received(self, data: bytes) -> None:
        if len(data) > AT_ONCE_BYTES and (len(data) > MAX_HEAD_BYTES or has_many_lines(data)):
            self._unfed = data
            self._feed_on()
            return
        self._feed(data)
        if self._fresh is not None:
            self.transport.turn.begin(self._begin_fresh)

    def _feed_on(self) -> None:
        """As far as there is room."""
        data, start = self._unfed, 0
        while start < len(data) and not self._full():
            end = start + (MAX_HEAD_BYTES if self._reading == _BODY else AT_ONCE_BYTES)
            self._feed(data[start:end])
            start = end
        self._unfed = data[start:]
        if self._unfed:
            self._pause_if_full()
        if self._fresh is not None:
            self.transport.turn.begin(self._begin_fresh)
        self.resume()

    def _feed(self, data: bytes) -> None:
        if self._final:
            return
        if self._reading:
            self._fed += len(data)
        if self._read:
            self._read += data
        else:
            self._read, self._begins = data, not self._reading
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._read_on(data, upgrade)
        except HttpParserCallbackError:
            raise
        except HttpParserError:
            self._refuse_unless_final()
        if self._reading != _HEAD and self._reading != _TIMED_HEAD:
            self._read = b""
        if self._reading:
            self._limit()

    def _begin_fresh(self) -> None:
        """Once all is read that has come, its body too, if that came with its head."""
        scope, self._fresh = self._fresh, None
        if scope is not None and self._current is not None and not self._current.left:
            self._begin(self._current, scope)

    def _read_on(self, data: bytes, upgrade: HttpParserUpgrade) -> None:
        """After the head of a request to speak something else: it is answered like any other, and more may follow.

        The parser takes what follows for something else. Where it is a body, a new one is told that it comes.
        """
        while (data := data[upgrade.args[0] :]) or self._primer:
            try:
                if self._primer:
                    self._parser = HttpRequestParser(self)
                    self._parser.feed_data(self._primer)
                self._parser.feed_data(data)
            except HttpParserUpgrade as another:
                upgrade = another
            except HttpParserCallbackError:
                raise
            except HttpParserError:
                self._refuse_unless_final()
                return
            else:
                return

    def _refuse_unless_final(self) -> None:
        if not self._final:  # behind the last request, anything may come
            self.refuse(400, INVALID)

    def _limit(self) -> None:
        """Bound what has come of a request that is not whole, and the time for the rest."""
        if self._fed - self._body > MAX_HEAD_BYTES + MAX_FRAMING_PER_BODY_BYTE * self._body:
            self.refuse(431, "The request's headers are too large.")
        elif self._reading == _HEAD:
            self._reading = _TIMED_HEAD
            self.deadline = self.loop.time() + HEAD_S
        elif self._reading == _BODY:
            now = self.loop.time()
            self._overall = min(self._overall, now + BODY_S)
            self.deadline = min(self._overall, now + BODY_SILENCE_S)

    # The parser's callbacks.

    def on_message_begin(self) -> None:
        self._reading = _HEAD

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        headers, self._headers = self._headers, []
        url, self._url = self._url, b""
        if self._final:
            return
        if self._primer:
            self._primer, self._reading = b"", _BODY
            return
        if self._fed and size(url, headers) > MAX_HEAD_BYTES:
            self.refuse(431, "The request's headers are too large.")
            return
        parser = self._parser
        method, begins, self._begins = parser.get_method(), self._begins, False
        if begins and begins_plainly(self._read, method, url):
            version, spoken = "1.1", True
        else:
            version, spoken = parser.get_http_version(), is_http(self._read, method, url)
        status = refusal(version, headers) if spoken else 505
        if status:
            self.refuse(status, REFUSALS[status])
            return
        self._reading = _BODY
        if parser.should_upgrade():
            self._primer = primer(headers)
        keep_alive = version == "1.1" and parser.should_keep_alive()
        cycle = Cycle(self, headers, method == b"HEAD", version == "1.1", keep_alive)
        try:
            scope = self._scopes.make(version, method, url, headers, cycle)
        except ValueError:
            self.refuse(400, INVALID)
            return
        self._incoming = cycle
        if self._current is None and not self.write_paused:
            self._current, self._fresh = cycle, scope
        else:  # nobody begins for a peer that takes no answers
            self.waiting.append((cycle, scope))
            self._pause_if_full()

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        if self._incoming is not None:
            self._incoming.feed(body)
            if self._incoming.unread > MOST_UNREAD_BYTES:
                self._pause_if_full()

    def on_message_complete(self) -> None:
        if self._primer:
            return
        cycle, self._incoming = self._incoming, None
        self._reading = _NOTHING
        self._fed = self._body = 0
        self._overall = math.inf
        if self._headers:  # trailers; they are nobody's
            self._headers = []
        if cycle is not None:
            cycle.fed()
            self._final = self._final or not cycle.keep_alive
            self.deadline = math.inf

    # Waiting.

    def resume(self) -> None:
        """A peer's time for its next word begins anew; that for the whole body goes on, less the pause."""
        if not self.read_paused or self._full() or self.transport.is_closing():
            return
        if self._unfed:
            self.loop.call_soon(self._feed_on)
            return
        self.read_paused = False
        self.transport.resume_reading()
        now = self.loop.time()
        self._overall += now - self._paused_at
        if self._reading:
            self.deadline = min(self._overall, now + BODY_SILENCE_S) if self._reading == _BODY else now + HEAD_S

    def expire(self, now: float) -> None:
        """Give the peer up if it is silent past its deadline, or takes nothing. Who is not heard is not silent.

        The time for another request begins when this first finds none, so that an answer need not look at the clock.
        """
        if not self.takes(now):
            log.info("http.not_taken", bytes=self.transport.get_write_buffer_size())
            self.transport.abort()
            return
        if self.read_paused:
            return
        if self.deadline == math.inf and self._current is None and not self._reading:
            self.deadline = now + KEEP_ALIVE_S
        if self.deadline >= now:
            return
        if self._reading or not self._served:
            self.refuse(408, "The request did not come in time.")
        else:
            self.close()

    def refuse(self, status: int, message: str) -> None:
        """Close, behind the answers to earlier requests; with an answer, unless the one to this request has begun."""
        if self.transport.is_closing() or self.last_words:
            return
        log.info("http.refused", status=status)
        self._refused(status)
        data = refusal_answer(status, message)
        if self.waiting and self.waiting[-1][0] is self._incoming:
            self.waiting.pop()
            self._incoming = None
        if self.waiting or (self._current is not None and self._incoming is not self._current):
            self.last_words, self._final = data, True
            self._reading, self.deadline = _NOTHING, math.inf
            return
        if self._incoming is None or (self._incoming is self._current and not self._incoming.begun):
            self.transport.write(data)
        self.close()
