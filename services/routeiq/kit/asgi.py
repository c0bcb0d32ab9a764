"""Plain ASGI: header look-up, whole responses, bounded bodies. For endpoints that take no framework.

Under the server of `kit.http_protocol` all of this goes past ASGI's messages, by `kit.exchange`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, Self

from routeiq.kit.errors import BodyTooLarge, RouteIQError
from routeiq.kit.exchange import KEY, NONE_REPEATED, Exchange, RawHeaders, Repeated, exchange_of
from routeiq.kit.ticker import Alarm, Ticker

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

JSON: Final = (b"content-type", b"application/json")


class ClientDisconnected(RouteIQError):
    """The caller left. 499 is nginx's name for it; nobody is there to read it."""

    status = 499
    type = "client_disconnected"
    code = "client_disconnected"


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first value of a header; `name` in lower case."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None


def first_values(scope: Scope) -> dict[bytes, bytes]:
    """The first value of each header, by its name in lower case."""
    headers = scope["headers"]
    return _first_values(headers) if KEY in scope else dict(reversed(headers))


def _first_values(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Of our own server's, of which it is known what they are."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found.setdefault(name, value)
    return found


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body. Raises: BodyTooLarge: as soon as that is known.  ClientDisconnected: it never ends."""
    exchange = exchange_of(scope)
    whole = whole_body(exchange, limit) if exchange is not None else None
    return await _read_parts(scope, receive, limit) if whole is None else whole


async def _read_parts(scope: Scope, receive: Receive, limit: int) -> bytes:
    declared = header(scope, b"content-length")
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected("client left while sending its body")
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body`, which was read from `receive`, and then what still comes: a disconnect."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def whole_body(exchange: Exchange, limit: int) -> bytes | None:
    """The body, if all of it has come. Raises: BodyTooLarge."""
    body = exchange.body()
    if body is not None and len(body) > limit:
        raise _too_large(limit)
    return body


async def never() -> Message:
    """A `receive` from which nothing comes: the request is whole, and its exchange says when the client leaves."""
    return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]  # of a future that nobody sets


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The request body is larger than the limit of {limit} bytes.")


async def unsent(message: Message) -> None:
    """A `send` for answers that go through their exchange."""
    raise AssertionError(f"{message['type']} has no way but the exchange")


class Answer:
    """One response. `headers` are put on whatever it is.

    `begun`: its head has gone out. `streams`: it is a stream of events whose end has not, so one more may follow.
    `counted`: whoever makes it also reports what becomes of it, whatever that is.
    """

    __slots__ = ("_also", "_headers", "_lines", "begun", "counted", "exchange", "send", "streams")

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]], exchange: Exchange | None = None) -> None:
        """`exchange` is the scope's, where it has one."""
        self.send = send
        self.exchange = exchange
        self.begun = False
        self.streams = False
        self.counted = False
        self._headers = headers
        self._also = NONE_REPEATED
        self._lines = b""

    def add(self, headers: list[tuple[bytes, bytes]], also: Repeated = NONE_REPEATED) -> None:
        """To what is put on it."""
        self._headers = self._headers + headers
        self._repeat(also)

    def add_lines(self, lines: bytes, also: Repeated = NONE_REPEATED) -> None:
        """The same, of headers that are written already: for who answers through an exchange."""
        assert self.exchange is not None, "plain ASGI takes headers"
        self._lines += lines
        self._repeat(also)

    def _repeat(self, also: Repeated) -> None:
        if not self._also:
            self._also = also
        else:
            self._headers = [*self._headers, *also]

    async def start(self, status: int, headers: RawHeaders, repeated: Repeated = NONE_REPEATED) -> None:
        """The head of a stream. Then come its `part`s and its `end`."""
        if self.exchange is not None:
            self.start_now(status, headers, repeated)
            return
        self.begun = self.streams = True
        lines = [*headers, *repeated, *self._also, *self._headers]
        await self.send({"type": "http.response.start", "status": status, "headers": lines})

    def part(self, data: bytes) -> Awaitable[None] | None:
        """A part of a stream. Returns: what to await before the next one, if anything."""
        if self.exchange is None:
            return self.send({"type": "http.response.body", "body": data, "more_body": True})
        return None if self.exchange.part(data) else self.exchange.drain()

    async def end(self, last: bytes = b"") -> None:
        """The end of a stream."""
        if self.exchange is not None:
            self.end_now(last)
        else:
            self.streams = False
            await self.send({"type": "http.response.body", "body": last})

    async def whole(
        self, status: int, body: bytes, headers: RawHeaders = (JSON,), repeated: Repeated = NONE_REPEATED
    ) -> None:
        """A whole response; `content-length` is added."""
        self.begun = True
        if self.exchange is not None:
            self.exchange.whole(status, [*headers, *self._headers], body, repeated, self._also, self._lines)
            return
        lines = [*headers, *repeated, (b"content-length", b"%d" % len(body)), *self._also, *self._headers]
        await self.send({"type": "http.response.start", "status": status, "headers": lines})
        await self.send({"type": "http.response.body", "body": body})

    def whole_now(self, status: int, body: bytes, headers: RawHeaders, repeated: Repeated = NONE_REPEATED) -> None:
        """The same without waiting, for who has an exchange. So are the next two."""
        assert self.exchange is not None, "plain ASGI takes waiting"
        self.begun = True
        self.exchange.whole(status, [*headers, *self._headers], body, repeated, self._also, self._lines)

    def start_now(self, status: int, headers: RawHeaders, repeated: Repeated = NONE_REPEATED) -> None:
        assert self.exchange is not None, "plain ASGI takes waiting"
        self.begun = self.streams = True
        self.exchange.start(status, [*headers, *self._headers], repeated, self._also, self._lines)

    def end_now(self, last: bytes = b"") -> None:
        assert self.exchange is not None, "plain ASGI takes waiting"
        self.streams = False
        self.exchange.end(last)

    async def passed(self, message: Message) -> None:
        """A `send` for another ASGI application."""
        if message["type"] == "http.response.start":
            self.begun = True
            message["headers"] = [*message["headers"], *self._also, *self._headers]
        await self.send(message)


class DisconnectWatch:
    """Cancels the body of its `with` when the client leaves. Raises ClientDisconnected in that case.

    The request's body must have been read: from then on `receive` only ever reports a disconnect. Without an exchange,
    which calls back, a task has to wait for that; it begins after `delay_s`, so that a request which is answered at
    once does not pay for it.
    """

    __slots__ = ("_alarm", "_delay_s", "_exchange", "_left", "_receive", "_ticker", "_watcher", "_work")

    def __init__(
        self, receive: Receive, ticker: Ticker, delay_s: float = 0.03, exchange: Exchange | None = None
    ) -> None:
        self._receive = receive
        self._ticker = ticker
        self._delay_s = delay_s
        self._exchange = exchange
        self._left = False
        self._alarm: Alarm | None = None
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._work: asyncio.Task[Any] | None = self._ticker.task()
        if self._exchange is not None:
            self._exchange.on_left(self._client_left)
        else:
            self._alarm = self._ticker.later(self._delay_s, self._begin)
        return self

    def _begin(self) -> None:
        self._watcher = self._ticker.loop.create_task(_disconnected(self._receive))
        self._watcher.add_done_callback(self._watched)

    def _watched(self, watcher: asyncio.Task[None]) -> None:
        if not watcher.cancelled():
            self._client_left()

    def _client_left(self) -> None:
        if self._work is not None:
            self._left = True
            self._work.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        work, self._work = self._work, None
        if self._exchange is not None:
            self._exchange.on_left(None)
        if self._alarm is not None:
            self._alarm.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self._left and work is not None and work.uncancel() <= 0 and kind is asyncio.CancelledError:
            raise ClientDisconnected("client left before the answer was complete") from None


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
