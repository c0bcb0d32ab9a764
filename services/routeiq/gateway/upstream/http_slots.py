"""How many connections a client has, and which of them are free.

A call takes the newest free connection of its origin, else room for a new one, which the longest-unused connection of
another origin may have to make. Where there is neither, calls wait in the order they came.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, NamedTuple
from weakref import WeakValueDictionary

import structlog

from routeiq.gateway.upstream.http_connection import Connection
from routeiq.gateway.upstream.http_exchange import ConnectionLost
from routeiq.gateway.upstream.http_origin import Origin
from routeiq.kit.outbound import Target

log = structlog.get_logger()

IDLE_S: Final = 55.0
"""Below the 60 s after which common servers and load balancers close."""


class _Waiting(NamedTuple):
    origin: Origin | None
    given: asyncio.Future[Connection | None]


class Slots:
    """A connection's keeper."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int, idle_s: float = IDLE_S) -> None:
        self.loop = loop
        self._limit = limit
        self._idle_s = idle_s
        self._used = 0
        self._closed = False
        self._open: set[Connection] = set()
        self._origins: WeakValueDictionary[tuple[str, str, int], Origin] = WeakValueDictionary()
        self._waiting: deque[_Waiting] = deque()
        self._sweeper: asyncio.TimerHandle | None = None
        self._emptied: asyncio.Future[None] | None = None

    @property
    def open_connections(self) -> int:
        """Sockets, those that are being closed included."""
        return len(self._open)

    @property
    def used(self) -> int:
        """Connections in use, free or being made."""
        return self._used

    def origin(self, target: Target) -> Origin:
        """The one origin of that scheme, host and port."""
        key = (target.scheme, str(target.host), target.port)
        origin = self._origins.get(key)
        if origin is None:
            origin = self._origins[key] = Origin(*key)
        return origin

    def take(self, origin: Origin) -> Connection | None:
        """The newest free connection, if there is one."""
        while origin.idle:
            connection = origin.idle.pop()
            if connection.usable:
                return connection
            connection.abort()
        return None

    async def room(self, origin: Origin | None) -> Connection | None:
        """Wait for a free connection, or (None) for leave to make one, which `opened` or `forgo` must follow.

        Args: origin: None: only a new one will do.  Raises: ConnectionLost: the client was closed.
        """
        if self._closed:
            raise ConnectionLost
        if self._used < self._limit:
            self._used += 1
            return None
        oldest = min(self._idle(), key=lambda connection: connection.idle_since, default=None)
        if oldest is not None:
            self._used += 1  # before the slot of the evicted one is free, so that nobody else gets it
            oldest.abort()
            return None
        waiting = _Waiting(origin, self.loop.create_future())
        self._waiting.append(waiting)
        try:
            return await waiting.given
        except asyncio.CancelledError:
            self._take_back(waiting)
            raise

    def opened(self, connection: Connection) -> None:
        """A connection was made in the room that was given. Raises: ConnectionLost: it did not live that long."""
        if self._closed or not connection.usable:
            connection.abort()
            self.forgo()
            raise ConnectionLost
        self._open.add(connection)

    def forgo(self) -> None:
        """No connection was made in it."""
        waiting = self._next()
        if waiting is None:
            self._used -= 1
        else:
            waiting.given.set_result(None)

    def give_back(self, connection: Connection) -> None:
        """As `Keeper` has it; so are the next three."""
        waiting = self._next() if self._waiting else None
        if waiting is None:
            self._shelve(connection)
        elif waiting.origin is connection.origin:
            waiting.given.set_result(connection)
        else:
            self._used += 1  # for the one who waits; the closed one's is given up by `ended`
            waiting.given.set_result(None)
            connection.abort()

    def ended(self, connection: Connection) -> None:
        if connection not in self._open:  # its dial failed, and forgoes by itself
            return
        idle = _origin(connection).idle
        if connection in idle:
            idle.remove(connection)
        self.forgo()

    def lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        if self._emptied is not None and not self._open and not self._emptied.done():
            self._emptied.set_result(None)

    def spoke_unasked(self, connection: Connection) -> None:
        origin = _origin(connection)
        log.warning("upstream.spoke_unasked", host=origin.host, port=origin.port)

    async def close(self) -> None:
        """Close every connection and wait for their sockets, but not for long."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        self._closed = True
        while (waiting := self._next()) is not None:
            waiting.given.set_exception(ConnectionLost())
        for connection in list(self._open):
            connection.abort()
        if self._open:
            self._emptied = self.loop.create_future()
            await asyncio.wait([self._emptied], timeout=1.0)

    def _shelve(self, connection: Connection) -> None:
        connection.idle_since = self.loop.time()
        _origin(connection).idle.append(connection)
        if self._sweeper is None:
            self._sweeper = self.loop.call_later(self._idle_s, self._sweep)

    def _sweep(self) -> None:
        self._sweeper = None
        limit = self.loop.time() - self._idle_s
        for connection in [one for one in self._idle() if one.idle_since <= limit]:
            connection.abort()
        oldest = min((one.idle_since for one in self._idle()), default=None)
        if oldest is not None:
            self._sweeper = self.loop.call_at(oldest + self._idle_s, self._sweep)

    def _idle(self) -> list[Connection]:
        return [connection for origin in self._origins.values() for connection in origin.idle]

    def _next(self) -> _Waiting | None:
        """Whose turn it is. Those who gave up are passed over."""
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.given.done():
                return waiting
        return None

    def _take_back(self, waiting: _Waiting) -> None:
        """Cancelled: what was given in the same moment goes to the next."""
        if waiting.given.cancelled():
            return
        if waiting.given.exception() is not None:
            return
        connection = waiting.given.result()
        if connection is None:
            self.forgo()
        else:
            self.give_back(connection)


def _origin(connection: Connection) -> Origin:
    origin = connection.origin
    assert isinstance(origin, Origin)
    return origin
