"""Write down what requests come to: `begin` before an upstream is called, `end` when all is over.

Neither makes a system call, but for the one in thousands that needs more room. What has begun can always end: room for
its record is kept from the beginning. Without room nothing begins, for nobody may spend what is not written down; it
begins again when there is some."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from typing import Final

import structlog

from routeiq.gateway.journal.folder import Folder
from routeiq.gateway.journal.mapped import Allocate
from routeiq.gateway.journal.segments import SIZE, Segment, prepare
from routeiq.gateway.journal.shelf import Shelf
from routeiq.gateway.journal.slots import Slot, Slots
from routeiq.kit.errors import Unavailable

log = structlog.get_logger()

RETRY_S: Final = 1.0
TAIL_BYTES: Final = 1024
"""More than any tail, and who else was called."""
LONGEST: Final = 64 * 1024
"""Of a record. What its caller says is cut to far less."""


class JournalFull(Unavailable):
    """The disk has no room for what this request would cost."""

    code = "journal_full"


class Journal:
    """One process's. Used in one thread, but for `prepare`."""

    def __init__(
        self,
        folder: Folder,
        *,
        segment_bytes: int = SIZE,
        allocate: Allocate = os.posix_fallocate,
        further: Allocate | None = None,
    ) -> None:
        """Args: further: for the segments after the first, without which nothing begins; None: the same.
        Raises: OSError: there is no room."""
        self.folder, self.id = folder, folder.id
        self._size, self._allocate = segment_bytes, allocate
        self._slots = Slots(folder.slots, allocate=allocate)
        self._numbers = 0
        self._current = self._prepare()
        self._current.begin(1)
        self._allocate = further or allocate
        self.shelf = Shelf([self._current])
        self.sequence = 0
        """Of the last record."""
        self._ready: deque[Segment] = deque()
        self._waiting: deque[bytes] = deque()
        """Records that found no room, against all promises."""
        self._room = self._current.room
        self._promised = 0
        self._wanted = asyncio.Event()
        self._wanted.set()
        self.full = False

    @property
    def in_flight(self) -> int:
        """Slots that are taken."""
        return self._slots.taken

    def begin(self, begun: bytes) -> Slot:
        """Args: begun: as `wire_record.begun` has it. Raises: JournalFull."""
        size = len(begun) + TAIL_BYTES
        try:
            while self._waiting or self._promised + size > self._room:
                self._took(self._prepare())
            slot = self._slots.take(begun)
        except OSError as error:
            raise self._no_room(error) from None
        slot.promised = size
        self._promised += size
        return slot

    def end(self, slot: Slot, record: bytes) -> int:
        """Args: record: a whole one, of the sequence after the last one's. Returns: that."""
        self.sequence += 1
        if self._waiting or not self._add(record):
            self._waiting.append(record)
        self._promised -= slot.promised
        slot.free()
        return self.sequence

    async def keep_ready(self) -> None:
        """Have the next segment at hand before it is needed. Until it is cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            self._numbers += 1
            try:
                self._took(await asyncio.to_thread(self._make, self._numbers))
            except OSError as error:
                self._no_room(error)
                await asyncio.sleep(RETRY_S)
                self._wanted.set()

    def close(self) -> None:
        """Nothing is written any more; what is there stays."""
        self._slots.close()
        for segment in (*self.shelf.segments, *self._ready):
            segment.close()

    def _add(self, record: bytes) -> bool:
        before = self._current.end
        if self._current.add(record):
            self._room -= self._current.end - before
            return True
        if not self._ready:
            try:
                self._took(self._prepare())
            except OSError as error:
                self._no_room(error)
                return False
        self._turn()
        return self._add(record)

    def _turn(self) -> None:
        """To the next segment."""
        first = self._current.last + 1
        self._current.put_away(self._current.end)
        segment = self._current = self._ready.popleft()
        segment.begin(first)
        self.shelf.segments.append(segment)
        self._count_room()
        self._wanted.set()

    def _took(self, segment: Segment) -> None:
        if self.full:
            log.info("journal.room")
        self.full = False
        self._ready.append(segment)
        self._count_room()
        while self._waiting and self._add_waiting(self._waiting[0]):
            self._waiting.popleft()

    def _add_waiting(self, record: bytes) -> bool:
        if self._current.add(record):
            return True
        if not self._ready:
            return False
        self._turn()
        return self._current.add(record)

    def _count_room(self) -> None:
        """What the ends of segments waste is no room."""
        self._room = self._current.room + sum(one.room - LONGEST for one in self._ready)

    def _prepare(self) -> Segment:
        self._numbers += 1
        return self._make(self._numbers)

    def _make(self, number: int) -> Segment:
        return prepare(self.folder.path, number, size=self._size, allocate=self._allocate)

    def _no_room(self, error: OSError) -> JournalFull:
        if not self.full:
            log.error("journal.full", error=error.strerror)
        self.full = True
        return JournalFull("What this request would cost cannot be written down at the moment. Try again shortly.")
