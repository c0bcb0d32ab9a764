"""All journals that this process answers for: its own, and those that dead ones left in the same place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry, Gauge

from routeiq.gateway.journal.allowance import Allowance
from routeiq.gateway.journal.folder import Folder, adopt, create
from routeiq.gateway.journal.journal import Journal
from routeiq.gateway.journal.ledger_round import LedgerRound
from routeiq.gateway.journal.publisher import WINDOW_BYTES, Publish, Publisher
from routeiq.gateway.journal.records import read_record
from routeiq.gateway.journal.replay import Price, mark_boot, replay
from routeiq.gateway.journal.segments import Segment
from routeiq.gateway.journal.shelf import Shelf
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.metrics import Counts

if TYPE_CHECKING:
    from routeiq.api.control.v1 import control_pb2 as pb

log = structlog.get_logger()

ADOPT_EVERY_S = 10.0
LAST_WORDS_S = 3.0
"""What was just written down may still be sent when this process stops."""


def open_journal(base: Path, most_bytes: int | None = None) -> Journal:
    """A fresh one. It takes its first segment in any case: who starts has what the dead left to send, which makes room.

    Args: most_bytes: of all journals in `base`; None: as the disk has.
    Raises: ConfigurationError: it cannot be written, or there is no room."""
    folder = create(base)
    try:
        mark_boot(folder)
        return Journal(folder, further=None if most_bytes is None else Allowance(base, most_bytes))
    except OSError as error:
        folder.remove()
        raise ConfigurationError([f"Cannot keep a usage journal in {base}: {error.strerror}"]) from None


class Keeper:
    """Of one process. Args: price: of requests that a dead process had in flight."""

    def __init__(
        self,
        journal: Journal,
        publish: Publish,
        ledger: LedgerRound,
        price: Price,
        *,
        window_bytes: int = WINDOW_BYTES,
    ) -> None:
        self.journal = journal
        self._base = journal.folder.path.parent
        self._publish, self._ledger, self._price = publish, ledger, price
        self._window_bytes = window_bytes
        self._own = Publisher(journal.id, journal.shelf, publish, knows=True, window_bytes=window_bytes)
        self._adopted: dict[str, tuple[Publisher, Folder]] = {}
        self._gone_published = 0
        self._tasks: dict[str, asyncio.Task[None]] = {}
        ledger.journals.append(self._waiting)
        ledger.listeners.append(self._heard)

    @property
    def publishers(self) -> list[Publisher]:
        return [self._own, *(publisher for publisher, _ in self._adopted.values())]

    @property
    def published(self) -> int:
        return self._gone_published + sum(one.published for one in self.publishers)

    def oldest_s(self) -> float:
        """The age of the oldest record that the ledger does not have; 0: it has all."""
        ended = [at for one in self.publishers if (at := _oldest(one)) is not None]
        return max(time.time() - min(ended) / 1e6, 0.0) if ended else 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Inside the bus. What is not in the ledger when it ends stays for the next process."""
        self._start("ready", self.journal.keep_ready())
        self._start("own", self._own.run())
        self._start("ledger", self._ledger.run())
        self._start("adopt", self._adopt())
        try:
            yield
        finally:
            await self._stop()

    async def _stop(self) -> None:
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await self._own.flush()
        for _, folder in self._adopted.values():
            folder.release()
        if self.journal.in_flight:  # whoever is late may still end; the lock goes with the process
            return
        self.journal.close()
        folder = self.journal.folder
        await asyncio.to_thread(folder.release if self._own.pending else folder.remove)

    def _start(self, name: str, work: Coroutine[object, object, None]) -> None:
        self._tasks[name] = asyncio.create_task(_guarded(name, work), name=f"journal {name}")

    async def _adopt(self) -> None:
        while True:
            for folder in await asyncio.to_thread(_folders, self._base):
                try:
                    shelf = await asyncio.to_thread(replay, folder, self._price)
                except (OSError, ValueError) as error:
                    log.error("journal.unreadable", journal=folder.id, error=type(error).__name__)
                    folder.release()
                    continue
                self._take_over(folder, shelf)
            await asyncio.sleep(ADOPT_EVERY_S)

    def _take_over(self, folder: Folder, shelf: Shelf) -> None:
        publisher = Publisher(folder.id, shelf, self._publish, knows=False, window_bytes=self._window_bytes)
        self._adopted[folder.id] = (publisher, folder)
        if publisher.pending:
            log.info("journal.adopted", journal=folder.id, records=publisher.pending)
            self._start(folder.id, publisher.run())
        else:
            self._let_go(folder.id)

    def _waiting(self) -> list[str]:
        return [one.journal for one in self.publishers if one.pending]

    def _heard(self, answer: pb.ReadLedgerResponse) -> None:
        marks = {one.journal: one.sequence for one in answer.watermarks}
        for publisher in self.publishers:
            gone = publisher.ledger(marks.get(publisher.journal, 0)) if publisher.pending else []
            if gone:
                asyncio.get_running_loop().run_in_executor(None, _delete, gone)
            if publisher is not self._own and not publisher.pending:
                self._let_go(publisher.journal)

    def _let_go(self, journal: str) -> None:
        """All of it is in the ledger."""
        publisher, folder = self._adopted.pop(journal)
        self._gone_published += publisher.published
        task = self._tasks.pop(journal, None)
        if task is not None:
            task.cancel()
        for segment in publisher.shelf.segments:
            segment.close()
        publisher.shelf.segments = []
        asyncio.get_running_loop().run_in_executor(None, folder.remove)


def measure(keeper: Keeper, registry: CollectorRegistry) -> None:
    """Its metrics."""
    pending = Gauge("gateway_journal_pending", "Usage records that are not in the ledger yet", registry=registry)
    pending.set_function(lambda: sum(one.pending for one in keeper.publishers))
    oldest = Gauge("gateway_journal_oldest_seconds", "Age of the oldest of those", registry=registry)
    oldest.set_function(keeper.oldest_s)
    full = Gauge("gateway_journal_full", "1: no room for more, requests are refused or soon will be", registry=registry)
    full.set_function(lambda: float(keeper.journal.full))
    flight = Gauge("gateway_journal_in_flight", "Requests that have begun in the journal", registry=registry)
    flight.set_function(lambda: keeper.journal.in_flight)

    def look() -> None:
        published.by[()] = keeper.published

    text = "Usage records that JetStream has acknowledged"
    published = Counts("gateway_journal_published", text, (), registry, look)


def _oldest(publisher: Publisher) -> int | None:
    record = publisher.shelf.peek(publisher.watermark)
    return None if record is None else read_record(record).ended_at


def _folders(base: Path) -> list[Folder]:
    try:
        return list(adopt(base))
    except OSError as error:
        log.warning("journal.unlisted", error=error.strerror)
        return []


def _delete(segments: Iterable[Segment]) -> None:
    for segment in segments:
        segment.close()
        segment.path.unlink(missing_ok=True)


async def _guarded(name: str, work: Coroutine[object, object, None]) -> None:
    try:
        await work
    except Exception:  # the edge of a task
        log.exception("journal.task", task=name)
