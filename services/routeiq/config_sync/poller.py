"""Read a source again and again, and hand over what has changed. A failure is written down and costs a pause."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

import structlog
from msgspec.structs import replace

from routeiq.config_sync.backoff import pause_s
from routeiq.config_sync.facts import PollFacts
from routeiq.config_sync.sources.document import Fetched, Source
from routeiq.kit.errors import RouteIQError
from routeiq.kit.redaction import redacted

log = structlog.get_logger()

T = TypeVar("T")

WATCH_PAUSE_S = 0.5
"""Between a reading and a look for changes: who changes a source every moment is read twice a second."""
MAX_ERROR = 2000


class Asked(NamedTuple):
    """What a reading is for. `by`: `poll`, or who asks; `force`: whatever the source's version is."""

    by: str = "poll"
    force: bool = False


BY_ITSELF = Asked()


class Poller(Generic[T]):
    """Of one source, whose facts it keeps: `etag` and `digest` are of what was handed over last.

    Args: deliver: takes a new document; its RouteIQErrors count as failures of the reading, which is then repeated.
    unread: called each time that the source cannot be read.  wait: sleeps; tests have their own."""

    def __init__(
        self,
        source: Source,
        deliver: Callable[[Fetched, Asked], Awaitable[T]],
        interval_s: float,
        *,
        unread: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._source, self._deliver, self._interval_s = source, deliver, interval_s
        self._unread, self._clock, self._wait, self._chance = unread, clock, wait, chance
        self._lock = asyncio.Lock()
        self.facts = PollFacts()
        self._known: str | None = None
        """The etag of what was handed over last."""

    async def run(self) -> None:
        """Until it is cancelled. The first reading is at once, and hands over what is there: meanwhile another replica
        may have led."""
        self.facts, self._known = replace(self.facts, running=True), None
        try:
            while True:
                await self._turn()
                await self._pause()
        finally:
            self.facts = replace(self.facts, running=False)

    async def poll(self, asked: Asked = BY_ITSELF) -> tuple[Fetched, T] | None:
        """Read now, and hand over what is new; by force all that is there. Returns: it and what became of it; None:
        nothing is new.

        Raises: RouteIQError: as the source and who takes it do; it is in the facts too."""
        async with self._lock:
            try:
                fetched = await self._fetch(force=asked.force)
                taken = None if fetched is None else (fetched, await self._deliver(fetched, asked))
            except RouteIQError as error:
                self._failed(error)
                raise
            self._succeeded(fetched)
            return taken

    async def _fetch(self, *, force: bool) -> Fetched | None:
        try:
            return await self._source.fetch(None if force else self._known, force=force)
        except RouteIQError:
            self._unread()
            raise

    async def _turn(self) -> None:
        try:
            await self.poll()
        except RouteIQError:
            pass  # it is in the facts and in the log
        except Exception as error:  # the edge of the task
            log.exception("source.broken", kind=self._source.kind)
            self._failed(error)

    async def _pause(self) -> None:
        length_s = pause_s(self.facts.consecutive_failures, self._interval_s, self._chance)
        waits = [asyncio.ensure_future(one) for one in (self._wait(length_s), self._changed())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _changed(self) -> None:
        await asyncio.sleep(WATCH_PAUSE_S)
        try:
            await self._source.changed()
        except Exception:  # the edge of the task: the interval goes on
            log.exception("source.unwatched", kind=self._source.kind)
            await asyncio.Event().wait()

    def _succeeded(self, fetched: Fetched | None) -> None:
        before = self.facts
        if before.consecutive_failures:
            log.info("source.back", kind=self._source.kind, failures=before.consecutive_failures)
        self.facts = replace(before, last_sync_time=self._clock(), consecutive_failures=0, last_error=None)
        if fetched is not None:
            self._known, digest = fetched.etag, fetched.bundle.digest
            count = before.reload_count + (digest != before.digest)
            self.facts = replace(self.facts, etag=fetched.etag, digest=digest, reload_count=count)

    def _failed(self, error: Exception) -> None:
        message = redacted(error.public_message if isinstance(error, RouteIQError) else "Internal error")[:MAX_ERROR]
        failures = self.facts.consecutive_failures + 1
        self.facts = replace(self.facts, consecutive_failures=failures, last_error=message)
        log.warning("source.failed", kind=self._source.kind, reason=message, failures=failures)
