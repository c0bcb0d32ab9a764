"""Take what gateways publish into the ledger.

A message is answered for once its records are committed. While the database is away it goes back and comes again; one
that is no batch is said goodbye to. A batch that does not follow what was read of its journal before is written, but
comes again a few times: what is missing may be on its way through another replica. After that it is the journal's to
send again from the watermark.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

import structlog

from routeiq.control.usage.intake_batches import Batch, read_batch
from routeiq.control.usage.intake_counts import IntakeCounts
from routeiq.control.usage.ledger import Ledger, Written
from routeiq.kit.errors import Unavailable

log = structlog.get_logger()

MOST_MESSAGES, MOST_RECORDS = 64, 5000
"""That are taken at once, and written in one transaction: the more wait, the less each costs."""
AWAY_S, JOIN_S, FAILED_S = 2.0, 1.0, 30.0
"""Until a message comes again: the database was away; it did not join; nobody knows what is wrong with it."""
JOIN_ATTEMPTS = 3


class Message(Protocol):
    """A batch on its way. Each is answered for once."""

    @property
    def data(self) -> bytes: ...
    @property
    def deliveries(self) -> int:
        """How often it came, this time included."""
        ...

    async def ack(self) -> None: ...
    async def nak(self, delay_s: float) -> None:
        """It shall come again."""
        ...

    async def term(self) -> None:
        """It shall not come again."""
        ...


class Source(Protocol):
    """Where batches come from."""

    async def fetch(self, most: int) -> Sequence[Message]:
        """Waits until there are any."""
        ...

    async def close(self) -> None:
        """Nothing more is wanted."""
        ...


class Read(NamedTuple):
    message: Message
    batch: Batch


class Intake:
    """From one source into one ledger."""

    def __init__(self, source: Source, ledger: Ledger, counts: IntakeCounts) -> None:
        self._source, self._ledger, self._counts = source, ledger, counts

    async def run(self) -> None:
        """Until it is cancelled. What was not answered for by then comes again by itself."""
        try:
            while True:
                await self._take_next()
        finally:
            await self._source.close()

    async def _take_next(self) -> None:
        messages = await self._source.fetch(MOST_MESSAGES)
        try:
            await self.take(messages)
        except Exception:  # whatever it is, usage goes on; the messages come again
            log.exception("usage.intake_failed")
            await asyncio.sleep(JOIN_S)

    async def take(self, messages: Sequence[Message]) -> None:
        """All of them are answered for afterwards. While the database writes some, the next are read."""
        writing: asyncio.Task[None] | None = None
        try:
            async for group in self._groups(messages):
                if writing is not None:
                    await writing
                writing = asyncio.create_task(self._write(group))
            if writing is not None:
                await writing
        finally:
            if writing is not None and not writing.done():
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)

    async def _groups(self, messages: Sequence[Message]) -> AsyncIterator[Sequence[Read]]:
        """In order, each as large as one transaction takes."""
        group: list[Read] = []
        records = 0
        for message in messages:
            batch = await self._read(message)
            if batch is None:
                continue
            if group and records + len(batch.records) > MOST_RECORDS:
                yield group
                group, records = [], 0
            group.append(Read(message, batch))
            records += len(batch.records)
        if group:
            yield group

    async def _read(self, message: Message) -> Batch | None:
        """None: it is no batch, and answered for."""
        await asyncio.sleep(0)  # it takes some milliseconds, before which others have their turn
        batch = read_batch(message.data)
        if batch is None:
            log.error("usage.unreadable", bytes=len(message.data))
            self._counts.failed("unreadable")
            await message.term()
        return batch

    async def _write(self, group: Sequence[Read]) -> None:
        try:
            written = await self._ledger.write([one.batch for one in group])
        except Unavailable as away:
            log.warning("usage.unwritten", messages=len(group), reason=away.code)
            await self._again(group, "unavailable", AWAY_S)
        except Exception:  # noqa: BLE001  # logged once it is known of which message
            await self._write_one_by_one(group)
        else:
            self._counts.written(written, [one.batch for one in group])
            await self._answer(group, written)

    async def _write_one_by_one(self, group: Sequence[Read]) -> None:
        """So that one which cannot be written keeps none of the others out."""
        if len(group) == 1:
            log.exception("usage.unwritable", records=len(group[0].batch.records))
            await self._again(group, "unwritable", FAILED_S)
            return
        for one in group:
            await self._write([one])

    async def _again(self, group: Sequence[Read], why: str, delay_s: float) -> None:
        for one in group:
            self._counts.failed(why)
            await one.message.nak(delay_s)

    async def _answer(self, group: Sequence[Read], written: Written) -> None:
        for one, joined in zip(group, written.joined, strict=True):
            if joined or one.message.deliveries > JOIN_ATTEMPTS:
                await one.message.ack()
            else:
                await one.message.nak(JOIN_S)
