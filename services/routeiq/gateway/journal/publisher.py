"""The way of one journal's records to JetStream, in order, until the ledger has them.

What the stream acknowledged may still be lost, with its volume; the ledger's watermark says what has arrived. Where
that stays behind, all from there on is sent again.

No more is under way than a window: a stream that a long backlog overflowed would give up the oldest of it, for which
the ledger waits, and would do so again each time that all is sent again."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from routeiq.clients.usage_stream import subject_of
from routeiq.gateway.journal.messages import message_of
from routeiq.gateway.journal.segments import Segment
from routeiq.gateway.journal.shelf import Batch, Shelf

log = structlog.get_logger()

MOST_RECORDS, MOST_BYTES = 500, 192 * 1024
"""Of a message."""
LOOK_EVERY_S = 0.1
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
PATIENCE_S, LONGEST_PATIENCE_S = 5.0, 60.0

WINDOW_BYTES = 16 * 1024 * 1024
"""Of messages that the ledger has not confirmed: a second of its fastest reading, and room in the stream for thirty
such journals."""

Publish = Callable[[str, bytes, str], Awaitable[bool]]
"""Subject, payload, message id. Returns: whether it is kept. Does not raise."""


class Publisher:
    """Of one journal. Args: knows: False: the ledger may have some of it; it is asked before anything is sent."""

    def __init__(
        self,
        journal: str,
        shelf: Shelf,
        publish: Publish,
        *,
        knows: bool,
        clock: Callable[[], float] = time.monotonic,
        window_bytes: int = WINDOW_BYTES,
    ) -> None:
        self.journal, self.shelf, self._publish, self._clock = journal, shelf, publish, clock
        self.sent = 0
        """The last record that the stream has acknowledged."""
        self.watermark = 0
        """The last one of which the ledger has all up to it."""
        self.published = 0
        """Records that were sent, those that were sent again too."""
        self._window_bytes = window_bytes
        self._ahead: deque[tuple[int, int]] = deque()
        """Last record and bytes of each message that is under way."""
        self._ahead_bytes = 0
        self._whole = knows
        """All of it is here: nothing was lost with a machine."""
        self._known = asyncio.Event()
        if knows:
            self._known.set()
        self._moved_at = clock()
        self._patience_s = PATIENCE_S
        self._again = 0
        """How often it was sent again."""

    @property
    def pending(self) -> int:
        """Records that the ledger does not have yet; of a journal with gaps, some more."""
        return max(self.shelf.last - self.watermark, 0)

    async def run(self) -> None:
        """Until it is cancelled."""
        await self._know()
        while True:
            await self.flush()
            await asyncio.sleep(LOOK_EVERY_S)

    async def flush(self) -> None:
        """Send all that may be sent; where the stream cannot be reached, try again until it can."""
        pause = FIRST_PAUSE_S
        while (batch := self._next()) is not None:
            if await self._send(batch):
                pause = FIRST_PAUSE_S
            else:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)

    def ledger(self, watermark: int) -> list[Segment]:
        """What the ledger says of it. Returns: the segments that nobody needs any more."""
        now, last = self._clock(), self.shelf.last
        if self._whole and watermark > last:  # what was never written cannot have arrived
            log.error("journal.watermark_refused", journal=self.journal, watermark=watermark, last=last)
            return []
        if watermark > self.watermark or watermark >= self.sent:
            self._moved_at, self._patience_s = now, PATIENCE_S
        elif now - self._moved_at >= self._patience_s:
            self._send_again(watermark, now)
        if watermark < self.watermark:
            log.warning("journal.ledger_went_back", journal=self.journal, watermark=watermark, before=self.watermark)
        self.watermark = watermark
        if not self._known.is_set():
            self.sent = watermark
            self._known.set()
        self.sent = max(self.sent, watermark)
        while self._ahead and self._ahead[0][0] <= watermark:
            self._ahead_bytes -= self._ahead.popleft()[1]
        return self.shelf.drop(watermark)

    async def _know(self) -> None:
        """What was sent before, as far as somebody says so in time."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._known.wait()
        except TimeoutError:
            self._known.set()

    def _next(self) -> Batch | None:
        """None: there is nothing, or enough is under way. Past a gap nothing is sent before the ledger has what is in
        front of it: then `oldest` tells of the gap."""
        if self._ahead_bytes >= self._window_bytes:
            return None
        batch = self.shelf.batch(self.sent, MOST_RECORDS, MOST_BYTES)
        if batch is not None and batch.first > self.sent + 1 and self.watermark < self.sent:
            return None
        return batch

    async def _send(self, batch: Batch) -> bool:
        message = message_of(batch, self.shelf.oldest)
        identifier = f"{self.journal}.{batch.first}.{batch.last}.{self._again}"
        again = self._again
        if not await self._publish(subject_of(self.journal), message, identifier):
            return False
        if again == self._again:
            if self.sent <= self.watermark:
                self._moved_at = self._clock()
            self.sent = max(self.sent, batch.last)
            self._ahead.append((batch.last, len(message)))
            self._ahead_bytes += len(message)
        self.published += len(batch.records)
        return True

    def _send_again(self, watermark: int, now: float) -> None:
        log.warning("journal.sent_again", journal=self.journal, watermark=watermark, sent=self.sent)
        self._again += 1
        self._ahead.clear()
        self._ahead_bytes = 0
        self.sent = watermark
        self._moved_at, self._patience_s = now, min(2 * self._patience_s, LONGEST_PATIENCE_S)
