"""One connection to another of our services: HTTP/1.1 by h11 over an asyncio transport, one request at a time.

It reads on only while somebody waits, so that who is faster than we are fills no memory here. A body that comes in
pieces goes out while its answer is awaited: who refuses an upload need not take all of it. For `kit.internal_http`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple, cast

import h11
import structlog

from routeiq.kit.errors import RouteIQError

log = structlog.get_logger()

IDLE_S = 15.0
"""Our servers keep one for longer."""
MAX_HEAD_BYTES = 4 * 1024 * 1024
"""Of an answer, because we trust our own: one header may name a thousand keys."""
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""No length says that there is no body; of others, `content-length: 0` does."""


class Unanswered(ConnectionError):
    """There is no connection, or it ended before a byte of the answer."""


class Asked(NamedTuple):
    """A request. `target` is encoded, `host` is where it goes."""

    method: str
    target: str
    host: str
    headers: Mapping[str, str]
    body: bytes | AsyncIterator[bytes]


class InternalConnection(asyncio.Protocol):
    """`ask`, take the `piece`s, `release`.

    Args: those_open: it is one of them from when it is first asked until its socket is closed."""

    _transport: asyncio.Transport

    def __init__(self, those_open: set[InternalConnection]) -> None:
        self._those_open = those_open
        self._lost = False
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._came = asyncio.Event()
        """Something that who reads must look at."""
        self._writable = asyncio.Event()
        self._writable.set()
        self._upload: asyncio.Task[None] | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._ended = False
        self.free = False
        """It was released and may be asked."""
        self._answered = False

    async def ask(self, asked: Asked, gap_s: float) -> h11.Response:
        """The answer's head. Args: gap_s: for each wait once the request is sent.

        Raises: Unanswered, TimeoutError, OSError, ValueError, h11.ProtocolError; the connection is closed then."""
        try:
            self._begin(asked)
            while not isinstance(event := await self._event(gap_s), h11.Response):
                pass  # an interim one
        except BaseException as error:
            self.abort()
            if isinstance(error, ConnectionError | h11.RemoteProtocolError) and not self._answered:
                raise Unanswered from None
            raise
        return event

    async def piece(self, gap_s: float) -> bytes:
        """What has come of the body; empty: that was all. Raises: TimeoutError, OSError, h11.ProtocolError."""
        came = bytearray()
        while not self._ended:
            try:
                event = self._http.next_event() if came else await self._event(gap_s)
            except h11.RemoteProtocolError:
                if came:
                    break  # the next call raises it again
                raise
            if isinstance(event, h11.Data):
                came += event.data
            elif event is h11.NEED_DATA:
                break
            self._ended = isinstance(event, h11.EndOfMessage)
        return bytes(came)

    def release(self) -> None:
        """The exchange is over: another one may follow, but not after an answer that was not read to its end."""
        http = self._http
        ended = http.our_state is h11.DONE and http.their_state is h11.DONE and not http.trailing_data[0]
        if not ended or self._lost or self._transport.is_closing():
            self.abort()
            return
        self.free = True
        http.start_next_cycle()
        self._transport.resume_reading()
        self._expiry = asyncio.get_running_loop().call_later(IDLE_S, self.abort)

    def abort(self) -> None:
        """Close it at once, whatever is under way. Idempotent."""
        self.free = False
        if self._upload is not None:
            self._upload.cancel()
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.free:  # nobody asked: it would pass for the next answer
            self.abort()
            return
        self._answered = True
        self._http.receive_data(data)
        self._transport.pause_reading()
        self._came.set()

    def eof_received(self) -> None:
        self._http.receive_data(b"")
        self._came.set()

    def connection_lost(self, _: Exception | None) -> None:
        self._lost, self.free = True, False
        if self._expiry is not None:
            self._expiry.cancel()
        self._came.set()
        self._writable.set()
        self._those_open.discard(self)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _begin(self, asked: Asked) -> None:
        if self._lost:
            raise ConnectionResetError
        self._those_open.add(self)  # no sooner: of one whose dial is cancelled uvloop says nothing more
        self.free = self._answered = self._ended = False
        if self._expiry is not None:
            self._expiry.cancel()
        fields = [("host", asked.host), *asked.headers.items(), *_framing(asked)]
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        head = self._http.send(h11.Request(method=asked.method, target=asked.target, headers=headers)) or b""
        if isinstance(asked.body, bytes):
            body = self._http.send(h11.Data(data=asked.body)) or b""
            self._transport.write(head + body + (self._http.send(h11.EndOfMessage()) or b""))
        else:
            self._transport.write(head)
            self._upload = asyncio.create_task(self._send(asked.body), name="internal upload")

    async def _send(self, body: AsyncIterator[bytes]) -> None:
        """Half a body must not pass for a whole one: where it breaks off, so does the connection."""
        try:
            async for piece in body:
                if self._lost:
                    return
                self._transport.write(self._http.send(h11.Data(data=piece)) or b"")
                await self._writable.wait()
            self._transport.write(self._http.send(h11.EndOfMessage()) or b"")
            self._came.set()
        except RouteIQError:  # the sender's own, who knows of it
            self.abort()
        except Exception:
            log.exception("internal.upload")
            self.abort()

    async def _event(self, gap_s: float) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._lost:
                raise ConnectionResetError
            self._came.clear()
            self._transport.resume_reading()
            async with asyncio.timeout(None if self._http.our_state is h11.SEND_BODY else gap_s):
                await self._came.wait()
        return event


def _framing(asked: Asked) -> list[tuple[str, str]]:
    if not isinstance(asked.body, bytes):
        return [("transfer-encoding", "chunked")]
    return [("content-length", str(len(asked.body)))] if asked.body or asked.method not in _BODILESS else []
