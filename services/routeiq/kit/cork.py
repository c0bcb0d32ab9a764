"""Write what is written within one turn of the loop at its end, for all connections at once.

A loop that reads, answers and writes one connection after the other wakes its peers for every write, because they have
gone to sleep since the last one; together, one write wakes a peer for all of them. On a machine with two cores that
made a tenth of the cost of a request. A turn is over in a fraction of a millisecond, so nobody waits for company.

Who is alone does not wait even for that: after a turn in which one transport wrote, the next turn's first write goes
out at once, so that its peer works while the rest of the turn is done. A loop that is busy has hardly any such turn.
That holds for what is written while something is read: what a peer sent before is then still told from its answer,
because all that is read in this turn had come before the write.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final
from weakref import WeakKeyDictionary

MOST_BYTES: Final = 64 * 1024
"""Of one transport. More is written at once, so that it can say that its peer is slow; nor is it worth a copy."""


class Cork:
    """Of one loop: the transports that have something to write."""

    __slots__ = ("_call_soon", "_waiting", "first", "quiet", "reading")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._call_soon = loop.call_soon
        self._waiting: list[Corked] = []
        self.first: Corked | None = None
        """Who wrote at once in this turn."""
        self.quiet = True
        """Whether the next write may: the last turn had one writer, and this one has had none."""
        self.reading = False
        """Whether this is called by a transport that has read something; its protocol says so."""

    def put(self, one: Corked) -> None:
        if not self._waiting and self.first is None:
            self._call_soon(self._flush)
        self._waiting.append(one)

    def wrote(self, one: Corked) -> None:
        """The first write of this turn went out at once."""
        self.first = one
        self._call_soon(self._flush)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        writers = len(waiting) + (self.first is not None)
        self.first = None
        for one in waiting:
            one.flush()
        self.quiet = writers < 2 and not self._waiting


class Corked:
    """A transport whose `write` may wait for the end of the turn. Whatever else it does is done after that."""

    __slots__ = ("_parts", "_size", "_transport", "cork", "is_closing")

    def __init__(self, transport: asyncio.Transport, cork: Cork) -> None:
        self._transport = transport
        self.is_closing = transport.is_closing
        self.cork = cork
        self._parts: list[bytes | memoryview] = []
        self._size = 0

    def write(self, data: bytes | memoryview) -> None:
        if not self._parts:
            cork = self.cork
            if cork.quiet and cork.reading:
                cork.quiet = False
                self._write(data)
                cork.wrote(self)
                return
            cork.put(self)
        self._parts.append(data)
        self._size += len(data)
        if self._size > MOST_BYTES:
            self.flush()

    @property
    def holds(self) -> bool:
        """Whether what was written last has not left yet, or in this turn: no answer to it has been read."""
        return bool(self._parts) or self.cork.first is self

    def _write(self, data: bytes | memoryview) -> None:
        if not self.is_closing():
            self._transport.write(data)

    def flush(self) -> None:
        parts = self._parts
        if not parts:
            return
        size, self._parts, self._size = self._size, [], 0
        transport = self._transport
        if transport.is_closing():
            return
        if len(parts) == 1:
            transport.write(parts[0])
        elif size <= MOST_BYTES:
            transport.write(b"".join(parts))
        else:
            for part in parts:
                transport.write(part)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def get_write_buffer_size(self) -> int:
        """What has not left this process yet."""
        return self._transport.get_write_buffer_size() + self._size

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


_corks: WeakKeyDictionary[asyncio.AbstractEventLoop, Cork] = WeakKeyDictionary()


def corked(transport: asyncio.BaseTransport, loop: asyncio.AbstractEventLoop) -> Corked:
    """`transport`, which is a stream's, with the cork of its loop."""
    cork = _corks.get(loop)
    if cork is None:
        cork = _corks[loop] = Cork(loop)
    return Corked(transport, cork)  # type: ignore[arg-type]  # a stream's, always
