"""One connection to Redis that all calls share: written together, answered in their order, which is that in which they
were made. For scripts that every request of some kind waits for, where a connection each would cost five times as much.

Nobody waits longer than `timeout_s`, and while it does not answer nobody waits at all: it is connected again beside.
Of a cluster it follows the node that has what is asked for; all of that has to be in one slot."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple, cast
from urllib.parse import unquote, urlsplit

import hiredis
import structlog

from routeiq.kit.redis import LOOK_EVERY_S, LOOK_TIMEOUT_S, TIMEOUT_S, RedisAway, RedisRefused

log = structlog.get_logger()

STALLED_S = 0.01
"""A timer that is so late says that the loop did not turn."""
_MOVED = "MOVED"
_NOT_HERE = frozenset({_MOVED, "READONLY", "LOADING", "CLUSTERDOWN", "MASTERDOWN", "NOAUTH"})
"""What it answers where another connection is needed."""
Reply = object
Heard = Callable[[Reply | Exception], None]
"""Gets the answer, or why there is none."""


def command(parts: Iterable[bytes]) -> bytes:
    """As it goes over the wire."""
    lines = [b"$%d\r\n%b\r\n" % (len(part), part) for part in parts]
    return b"*%d\r\n" % len(lines) + b"".join(lines)


class _Place(NamedTuple):
    host: str
    port: int
    tls: bool
    greeting: list[bytes]


def _moved(first: _Place, text: str) -> _Place:
    """As `MOVED 3999 10.0.0.2:6379` says; without a host it is the same one."""
    host, _, port = text.rpartition(" ")[2].rpartition(":")
    return first._replace(host=host.strip("[]") or first.host, port=int(port)) if port.isdecimal() else first


class RedisLine:
    """Make it anywhere; it connects at its first call, or by `start` in the running loop. `close` it.

    Args: greeting: commands that each new connection begins with, before any call."""

    def __init__(self, url: str, greeting: Sequence[bytes] = (), *, timeout_s: float = TIMEOUT_S) -> None:
        self._place = self._first = _place(url, greeting)
        self._timeout_s, self._pause_s = timeout_s, 0.0
        self._wire: _Wire | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._unsent: list[bytes] = []
        self._heard: deque[tuple[Heard, float]] = deque()
        """Of all calls that have no answer, the unsent ones last."""
        self._flushes = False
        self._answered = self._due = self._spared = 0.0
        """When the last answer came, when to look whether one is missing, and whose second chance was given."""
        self.away = False
        """It gave no answer when it was last asked."""
        self.back: Callable[[], None] = lambda: None
        """Called when it is connected again."""

    def start(self) -> None:
        if self._wire is None and self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect(), name="redis-line")

    def send(self, sent: bytes, heard: Heard) -> None:
        """Raises: RedisAway."""
        if self.away:
            raise RedisAway("Redis does not answer.")
        wire = self._wire
        self._unsent.append(sent)
        if wire is None:
            self.start()
            loop = asyncio.get_running_loop()
        else:
            loop = wire.loop
            if not self._flushes:
                self._flushes = True
                loop.call_soon(self._flush)
        self._heard.append((heard, loop.time()))
        if not self._due:
            self._watch_in(loop, self._timeout_s)

    def ask(self, sent: bytes) -> Awaitable[Reply]:
        """Raises: RedisAway, also when awaited.  RedisRefused: when awaited."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def heard(reply: Reply | Exception) -> None:
            if future.done():
                return
            if isinstance(reply, Exception):
                future.set_exception(reply)
            else:
                future.set_result(reply)

        self.send(sent, heard)
        return future

    async def close(self) -> None:
        task, self._connecting = self._connecting, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.away, wire, self._wire = True, self._wire, None
        if wire is not None:
            wire.abort()
        self._fail()

    def heard_at(self, now: float) -> None:
        self._answered = now

    def answered(self, reply: Reply) -> None:
        heard, _ = self._heard.popleft()
        if not isinstance(reply, hiredis.ReplyError):
            heard(reply)
            return
        text = str(reply)
        heard(RedisRefused(text))
        kind = text.partition(" ")[0]
        if kind in _NOT_HERE:
            if kind == _MOVED:
                self._place = _moved(self._first, text)
            self.lose(self._wire, kind, 0.0 if kind == _MOVED else LOOK_EVERY_S)

    def lose(self, wire: _Wire | None, reason: str, pause_s: float = 0.0) -> None:
        """No answer will come any more over `wire`. Args: pause_s: before it is connected again."""
        if self.away or wire is not self._wire:
            return
        log.warning("redis.away", reason=reason)
        self.away, self._wire, self._pause_s = True, None, pause_s
        if wire is not None:
            wire.abort()
        self._fail()
        if self._connecting is None:
            self.start()

    def _flush(self) -> None:
        self._flushes = False
        if self._wire is not None and self._unsent:
            sent, self._unsent = self._unsent, []
            self._wire.write(b"".join(sent))

    def _watch(self) -> None:
        """The first that waits has waited longest. While others are answered, it is its turn that it waits for; time in
        which this loop did not turn is nobody's fault, once."""
        self._due, due = 0.0, self._due
        if self._heard:
            loop = asyncio.get_running_loop()
            now = loop.time()
            left = max(self._heard[0][1], self._answered) + self._timeout_s - now
            if left > 0:
                self._watch_in(loop, left)
            elif now - due > STALLED_S and self._heard[0][1] != self._spared:
                self._spared = self._heard[0][1]
                self._watch_in(loop, self._timeout_s)
            else:
                self.lose(self._wire, "no answer in time")

    def _watch_in(self, loop: asyncio.AbstractEventLoop, left: float) -> None:
        self._due = loop.time() + left
        loop.call_later(left, self._watch)

    def _fail(self) -> None:
        waiting, self._heard, self._unsent = self._heard, deque(), []
        for heard, _ in waiting:
            heard(RedisAway("Redis does not answer."))

    async def _connect(self) -> None:
        """Until it answers."""
        await asyncio.sleep(self._pause_s)
        while True:
            try:
                async with asyncio.timeout(LOOK_TIMEOUT_S):
                    wire = await self._dial()
                break
            except (OSError, TimeoutError, hiredis.HiredisError, RedisRefused) as error:
                self.lose(None, type(error).__name__)
                self._place = self._first
                await asyncio.sleep(LOOK_EVERY_S)
        was_away, self.away, self._wire, self._connecting = self.away, False, wire, None
        if wire.closed:
            self.lose(wire, "it hung up")
            return
        self._flush()
        if was_away:
            log.info("redis.back")
            self.back()

    async def _dial(self) -> _Wire:
        place, loop = self._place, asyncio.get_running_loop()
        context = ssl.create_default_context() if place.tls else None
        _, wire = await loop.create_connection(lambda: _Wire(self, loop), place.host, place.port, ssl=context)
        try:
            await wire.greet(place.greeting)
        except BaseException:
            wire.abort()
            raise
        return wire


class _Wire(asyncio.Protocol):
    """A connection."""

    def __init__(self, line: RedisLine, loop: asyncio.AbstractEventLoop) -> None:
        self.loop, self.closed = loop, False
        self._line = line
        self._reader = hiredis.Reader()
        self._greeted: asyncio.Future[None] | None = None
        self._expected = 0

    async def greet(self, commands: Sequence[bytes]) -> None:
        """Raises: RedisRefused: it does not let us in.  OSError."""
        self._expected, self._greeted = len(commands), self.loop.create_future()
        self.write(b"".join(commands))
        await self._greeted
        self._greeted = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self.write, self.abort = self._transport.write, self._transport.abort

    def data_received(self, data: bytes) -> None:
        reader, line = self._reader, self._line
        reader.feed(data)
        line.heard_at(self.loop.time())
        try:
            while (reply := reader.gets()) is not False:
                if self._greeted is None:
                    line.answered(reply)
                else:
                    self._greet(reply, self._greeted)
        except hiredis.HiredisError:
            self.abort()

    def connection_lost(self, _: Exception | None) -> None:
        self.closed = True
        if self._greeted is not None and not self._greeted.done():
            self._greeted.set_exception(ConnectionResetError())
        self._line.lose(self, "it hung up")

    def _greet(self, reply: Reply, greeted: asyncio.Future[None]) -> None:
        self._expected -= 1
        if greeted.done():
            return
        if isinstance(reply, hiredis.ReplyError):
            greeted.set_exception(RedisRefused(str(reply)))
        elif not self._expected:
            greeted.set_result(None)


def _place(url: str, greeting: Sequence[bytes]) -> _Place:
    parts = urlsplit(url)
    first = []
    if parts.password:
        who = [unquote(parts.username).encode()] if parts.username else []
        first.append(command([b"AUTH", *who, unquote(parts.password).encode()]))
    db = parts.path.strip("/")
    if db and db != "0":
        first.append(command([b"SELECT", db.encode()]))
    first = [*first, command([b"PING"]), *greeting]
    return _Place(parts.hostname or "127.0.0.1", parts.port or 6379, parts.scheme == "rediss", first)
