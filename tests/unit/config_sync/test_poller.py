"""When a source is read, what is handed over, and what is said of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import structlog

from routeiq.config.bundle import Bundle
from routeiq.config_sync.poller import Asked, Poller
from routeiq.config_sync.sources.document import Fetched
from routeiq.config_sync.sources.place import SourceFailed
from routeiq.kit.errors import Unavailable
from tests.support.waiting import PATIENCE_S

BY_FORCE = Asked("somebody", force=True)


class TwinSource:
    """Holds a text, whose etag it is. `faults`: what the next readings raise."""

    kind, name = "file", "twin"

    def __init__(self) -> None:
        self.text, self.faults, self.asked = "one", list[Exception](), list[tuple[str | None, bool]]()
        self.news = asyncio.Event()

    async def fetch(self, known_etag: str | None, *, force: bool = False) -> Fetched | None:
        self.asked.append((known_etag, force))
        if self.faults:
            raise self.faults.pop(0)
        return None if known_etag == self.text and not force else Fetched(Bundle("c", {"c": self.text}), self.text)

    async def changed(self) -> None:
        await self.news.wait()

    async def close(self) -> None: ...


class Waiting:
    """A sleep that lasts until the test says so. `asked`: for how long each was meant to be."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._over = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self._over.clear()
        await self._over.wait()

    async def let_pass(self) -> None:
        """The present one, and until the next begins."""
        count = len(self.asked)
        self._over.set()
        await self.begun(count + 1)

    async def begun(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.asked) < count:
                await asyncio.sleep(0.001)


class Polling:
    def __init__(self) -> None:
        self.source, self.wait, self.got, self.refusals = TwinSource(), Waiting(), list[str](), list[Exception]()
        self.unread = 0
        self.poller = Poller(
            self.source, self._take, 60, unread=self._not_read, wait=self.wait, clock=lambda: 7.0, chance=lambda: 0.5
        )

    def _not_read(self) -> None:
        self.unread += 1

    async def _take(self, fetched: Fetched, asked: Asked) -> str:
        if self.refusals:
            raise self.refusals.pop(0)
        self.got.append(fetched.bundle.files["c"])
        return asked.by

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.poller.run())
        try:
            await self.wait.begun(1)
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_what_is_new_is_handed_over_once() -> None:
    polling = Polling()
    async with polling.running():
        await polling.wait.let_pass()
        polling.source.text = "two"
        await polling.wait.let_pass()
    assert polling.got == ["one", "two"]
    assert polling.source.asked == [(None, False), ("one", False), ("one", False)]
    facts = polling.poller.facts
    assert (facts.reload_count, facts.etag, facts.last_sync_time, facts.running) == (2, "two", 7.0, False)
    assert facts.digest == Bundle("c", {"c": "two"}).digest


async def test_failures_are_counted_and_cost_longer_and_longer_pauses() -> None:
    polling = Polling()
    polling.source.faults = [SourceFailed(f"s3://b/k: fault {number}") for number in range(3)]
    async with polling.running():
        for _ in range(2):
            await polling.wait.let_pass()
        assert polling.poller.facts.consecutive_failures == 3
        assert polling.poller.facts.last_error == "s3://b/k: fault 2"
        assert (polling.got, polling.unread) == ([], 3)
        await polling.wait.let_pass()
    assert polling.wait.asked == pytest.approx([5, 10, 20, 60])
    facts = polling.poller.facts
    assert (facts.consecutive_failures, facts.last_error, polling.got) == (0, None, ["one"])


async def test_what_was_not_taken_is_handed_over_again() -> None:
    polling = Polling()
    polling.refusals = [Unavailable("no NATS")]
    async with polling.running():
        assert (polling.poller.facts.last_error, polling.poller.facts.reload_count) == ("no NATS", 0)
        await polling.wait.let_pass()
    assert (polling.got, polling.unread) == (["one"], 0)


async def test_a_defect_does_not_end_the_polling() -> None:
    polling = Polling()
    polling.source.faults = [KeyError("sk-secret-1234567")]
    with structlog.testing.capture_logs() as logs:
        async with polling.running():
            assert polling.poller.facts.last_error == "Internal error"
            await polling.wait.let_pass()
    assert polling.got == ["one"]
    assert [line["event"] for line in logs][:2] == ["source.broken", "source.failed"]


async def test_a_change_that_the_source_sees_is_read_at_once() -> None:
    polling = Polling()
    async with polling.running():
        polling.source.text = "two"
        polling.source.news.set()
        await polling.wait.begun(2)
    assert polling.got == ["one", "two"]


async def test_who_begins_anew_hands_over_what_is_there() -> None:
    """Another one may have led meanwhile."""
    polling = Polling()
    async with polling.running():
        pass
    async with polling.running():
        await polling.wait.begun(2)
    assert polling.got == ["one", "one"]
    assert polling.poller.facts.reload_count == 1


async def test_force_reads_all_and_hands_it_over() -> None:
    polling = Polling()
    assert (await polling.poller.poll() or ())[1:] == ("poll",)
    assert await polling.poller.poll() is None
    assert (await polling.poller.poll(BY_FORCE) or ())[1:] == ("somebody",)
    assert polling.got == ["one", "one"]
    assert polling.source.asked[-1] == (None, True)


async def test_who_asks_is_told_why_it_failed() -> None:
    polling = Polling()
    polling.source.faults = [SourceFailed("s3://b/k: http://user:hunter22hunter@x broke")]
    with pytest.raises(SourceFailed):
        await polling.poller.poll(BY_FORCE)
    assert polling.poller.facts.last_error == "s3://b/k: http://user:[redacted]@x broke"
    assert polling.poller.facts.consecutive_failures == 1
