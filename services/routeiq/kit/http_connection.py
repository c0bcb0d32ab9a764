"""One connection as its answers see it: requests are answered in order, one at a time, for as long as it is kept.

What comes in is `kit.http_protocol`'s, which is made of this.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, MutableMapping
from typing import Any, Final

import uvicorn
from uvicorn.server import ServerState

from routeiq.kit.cork import Corked, corked
from routeiq.kit.exchange import AtOnce
from routeiq.kit.http_cycle import Cycle
from routeiq.kit.http_head import as_lines

TAKING_S: Final = 60.0
"""A peer that takes nothing of what was written for so long is given up, with whatever it was still to have."""
MOST_UNREAD_BYTES: Final = 64 * 1024
MOST_WAITING: Final = 16
"""Requests that were sent before the answer to an earlier one. With as many, or more bytes unread, reading pauses; what
came in the read before that, 256 KiB at most, is kept as it is."""


class Connection:
    """An `asyncio.Protocol` in all but name (docs/adr/0013).

    `uvicorn.Server` calls `shutdown`, and waits until none is left in its `connections`.
    """

    transport: Corked

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.tasks = server_state.tasks
        self._app = config.loaded_app
        self._at_once: AtOnce | None = getattr(self._app, "at_once", None)
        self._app_state = app_state
        self._server_state = server_state
        self.loop = _loop or asyncio.get_running_loop()
        self.waiting: deque[tuple[Cycle, MutableMapping[str, Any]]] = deque()
        self._current: Cycle | None = None
        """Who is being answered."""
        self._goes_on = False
        self._served = False
        self.draining = False
        self._final = False
        """Nothing more is taken from this peer."""
        self.last_words = b""
        """What the peer is told behind the last answer."""
        self.read_paused = False
        self._paused_at = 0.0
        self.write_paused = False
        self._unsent = 0
        """Bytes that waited for the peer when `takes` last looked; it has until `_taking_until` to take some."""
        self._taking_until = 0.0
        self._writable: asyncio.Event | None = None
        self._on_drained: Callable[[], None] | None = None
        self._default: object = None
        self._default_lines = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = corked(transport, self.loop)
        self._server_state.connections.add(self)  # type: ignore[arg-type]  # as much of a protocol as it uses

    def eof_received(self) -> None:
        """Half a connection is none: who sends no more is taken to have left. The transport closes itself."""
        self._leave()

    def connection_lost(self, _: Exception | None) -> None:
        self._server_state.connections.discard(self)
        self._leave()
        self._current = None
        self.waiting.clear()

    def shutdown(self) -> None:
        """Close at once if nobody is being answered, after the last answer otherwise."""
        self.draining = True
        if self._current is None:
            self.close()

    # Order.

    def _begin(self, cycle: Cycle, scope: MutableMapping[str, Any]) -> None:
        self._current = cycle
        cycle.begin(self._app, self._at_once, scope)

    def _go_on(self) -> None:
        """To whom waits. Those who are answered at once are so in one loop, however many they are."""
        if self._goes_on:
            return
        self._goes_on = True
        while self.waiting and self._current is None and not (self.write_paused or self.transport.is_closing()):
            self._begin(*self.waiting.popleft())
        self._goes_on = False

    def answered(self, cycle: Cycle) -> None:
        """The whole answer is written: go on to the next request, or end."""
        self._current = None
        self._served = True
        self._server_state.total_requests += 1
        if not cycle.keep_alive or (self.draining and not self.waiting):
            self.close()
        elif self.waiting:
            self._go_on()
        elif self.last_words:
            self.transport.write(self.last_words)
            self.close()
        if self.read_paused:
            self.resume()

    def default_lines(self) -> bytes:
        """Those that every answer has. uvicorn makes new ones each second."""
        default = self._server_state.default_headers
        if default is not self._default:
            self._default, self._default_lines = default, as_lines(default)
        return self._default_lines

    # Back-pressure.

    def resume(self) -> None:
        """Read again, if nothing was and there is room."""
        raise NotImplementedError  # it cannot be abstract: what is compiled has no interpreted base (docs/adr/0013)

    def _pause_if_full(self) -> None:
        if not self.read_paused and self._full() and not self.transport.is_closing():
            self.read_paused = True
            self._paused_at = self.loop.time()
            self.transport.pause_reading()

    def _full(self) -> bool:
        unread = sum([cycle.unread for cycle, _ in self.waiting])
        if self._current is not None:
            unread += self._current.unread
        return unread > MOST_UNREAD_BYTES or len(self.waiting) >= MOST_WAITING

    def pause_writing(self) -> None:
        self.write_paused = True
        self._writable = asyncio.Event()

    def resume_writing(self) -> None:
        self.write_paused = False
        self._unsent = 0
        if self._writable is not None:
            self._writable.set()
        callback, self._on_drained = self._on_drained, None
        if callback is not None:
            callback()
        if self.waiting and self._current is None and not self.transport.is_closing():
            self._go_on()
            self.resume()

    async def drain(self) -> None:
        """Return once more may be written, or nobody reads."""
        while self.write_paused and not self.transport.is_closing() and self._writable is not None:
            await self._writable.wait()

    def on_drained(self, callback: Callable[[], None]) -> None:
        """Call this once more may be written; at once if it may. Not if the client leaves before."""
        if self.write_paused:
            self._on_drained = callback
        else:
            callback()

    def takes(self, now: float) -> bool:
        """False: the peer has taken nothing of what waits for it for too long. Ask every few seconds."""
        unsent = self.transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._unsent = unsent
            self._taking_until = now + TAKING_S
        return not unsent or now < self._taking_until

    # The end.

    def close(self) -> None:
        """Once all is sent that was written."""
        self._leave()
        self.transport.close()

    def _leave(self) -> None:
        self._final = True
        self._on_drained = None
        if self._current is not None:
            self._current.leave()
        if self._writable is not None:
            self._writable.set()
