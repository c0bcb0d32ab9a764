"""Messages into the ledger: each is answered for when it is committed, and not before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.budgets.calendar import Calendar
from routeiq.control.migrations import control_migrations
from routeiq.control.spending.charging import Charge
from routeiq.control.spending.counting import Counting
from routeiq.control.store.database import open_database
from routeiq.control.store.tables import SCHEMA
from routeiq.control.usage import intake as subject
from routeiq.control.usage.intake import Intake
from routeiq.control.usage.intake_batches import Batch
from routeiq.control.usage.intake_counts import IntakeCounts
from routeiq.control.usage.ledger import Ledger, Spend, Written
from routeiq.kit.clock import Clock
from routeiq.kit.db import Database, DatabaseUnavailable
from tests.support.control_database import open_patiently
from tests.support.holders import key
from tests.support.servers.postgres import Postgres
from tests.support.usage_batches import KEY, NOW, Books, record, sent
from tests.support.waiting import PATIENCE_S

BAD = 13
Result = TypeVar("Result")


@dataclass
class Note:
    """A message that is no bus's. `lost`: its answer gets nowhere."""

    data: bytes
    deliveries: int = 1
    lost: bool = False
    answers: list[str] = field(default_factory=list)

    async def ack(self) -> None:
        if self.lost:
            raise ConnectionError
        self.answers.append("ack")

    async def nak(self, delay_s: float) -> None:
        self.answers.append(f"nak {delay_s:g}")

    async def term(self) -> None:
        self.answers.append("term")


class Nowhere:
    """No source."""

    async def fetch(self, most: int) -> Sequence[Note]:
        raise NotImplementedError

    async def close(self) -> None: ...


class Desk:
    def __init__(self, books: Books, ledger: Ledger | None = None) -> None:
        self.books, self.registry = books, CollectorRegistry()
        self.intake = Intake(Nowhere(), ledger or books.ledger, IntakeCounts(self.registry, lambda: NOW))

    async def take(self, *notes: Note) -> list[list[str]]:
        """Returns: how each was answered for."""
        await self.intake.take(notes)
        return [one.answers for one in notes]

    def count(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
async def desk(control_database_url: str) -> AsyncIterator[Desk]:
    found = Desk(Books(open_patiently(control_database_url)))
    yield found
    await found.books.database.close()


def note(first: int, last: int, *, oldest: int = 1, deliveries: int = 1) -> Note:
    return Note(sent((record(sequence) for sequence in range(first, last + 1)), oldest), deliveries)


async def test_what_is_written_is_acknowledged_and_counted(desk: Desk) -> None:
    assert await desk.take(note(1, 5), note(4, 8)) == [["ack"], ["ack"]]
    assert desk.count("control_usage_records_total", outcome="new") == 8
    assert desk.count("control_usage_records_total", outcome="duplicate") == 2
    assert desk.count("control_usage_lag_seconds_count") == 2
    assert await desk.books.watermark() == 8


async def test_what_is_no_batch_is_said_goodbye_to_and_blocks_nothing(desk: Desk) -> None:
    assert await desk.take(Note(b"\xff\xff no"), note(1, 5)) == [["term"], ["ack"]]
    assert desk.count("control_usage_batches_failed_total", reason="unreadable") == 1
    assert len(await desk.books.rows()) == 5


async def test_messages_in_the_wrong_order_move_the_mark_in_the_end(desk: Desk) -> None:
    ahead = note(6, 9)
    assert await desk.take(ahead) == [["nak 1"]]
    assert await desk.take(note(1, 5)) == [["ack"]]
    assert await desk.take(ahead) == [["nak 1", "ack"]]
    assert await desk.books.watermark() == 9


async def test_a_gap_that_stays_is_the_journals_to_fill(desk: Desk) -> None:
    assert await desk.take(note(6, 9, deliveries=subject.JOIN_ATTEMPTS + 1)) == [["ack"]]
    assert (len(await desk.books.rows()), await desk.books.watermark()) == (4, 0)
    assert await desk.take(note(1, 9)) == [["ack"]]
    assert (len(await desk.books.rows()), await desk.books.watermark()) == (9, 9)


async def test_many_records_are_many_transactions(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MOST_RECORDS", 7)
    assert await desk.take(*[note(at, at + 4) for at in range(1, 50, 5)]) == [["ack"]] * 10
    assert await desk.books.watermark() == 50


async def test_the_next_messages_are_read_while_the_database_writes(
    control_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "MOST_RECORDS", 5)
    database = open_patiently(control_database_url)
    ledger = Waiting(database, Counting(Calendar()), lambda: NOW)
    desk, third = Desk(Books(database), ledger), Watched(note(11, 15), ledger)
    await desk.intake.take([note(1, 5), note(6, 10), third])
    assert third.came_while_writing
    assert third.note.answers == ["ack"]
    assert await desk.books.watermark() == 15
    await database.close()


class Waiting(Ledger):
    """It has begun to write, and goes on when something was read."""

    def __init__(self, database: Database, spend: Spend, clock: Clock) -> None:
        super().__init__(database, spend, clock)
        self.writes, self.read = asyncio.Event(), asyncio.Event()

    async def write(self, batches: Sequence[Batch]) -> Written:
        self.writes.set()
        await asyncio.wait_for(self.read.wait(), PATIENCE_S)
        return await super().write(batches)


class Watched:
    """A note that knows whether the ledger wrote when it was read."""

    def __init__(self, note: Note, ledger: Waiting) -> None:
        self.note, self._ledger, self.came_while_writing = note, ledger, False
        self.deliveries, self.ack, self.nak, self.term = note.deliveries, note.ack, note.nak, note.term

    @property
    def data(self) -> bytes:
        self.came_while_writing = self._ledger.writes.is_set()
        self._ledger.read.set()
        return self.note.data


async def test_a_batch_that_cannot_be_written_keeps_no_other_out(control_database_url: str) -> None:
    """The database finds something that we do not know of yet."""
    database = open_patiently(control_database_url)
    desk = Desk(Books(database), Ledger(database, picky, lambda: NOW))
    bad = Note(sent([record(4, cost_nano_usd=BAD)]))
    assert await desk.take(note(1, 3), bad, note(5, 6)) == [["ack"], ["nak 30"], ["nak 1"]]
    assert len(await desk.books.rows()) == 5
    assert desk.count("control_usage_batches_failed_total", reason="unwritable") == 1
    await database.close()


async def picky(session: AsyncSession, charges: Iterable[Charge], now: datetime) -> None:
    if any(nano_usd == BAD for charge in charges for _, nano_usd in charge.costs):
        raise ArithmeticError


async def test_an_answer_that_was_lost_is_given_again(desk: Desk) -> None:
    lost = note(1, 5)
    lost.lost = True
    with pytest.raises(ConnectionError):
        await desk.take(lost)
    assert await desk.take(note(1, 5, deliveries=2)) == [["ack"]]
    assert len(await desk.books.rows()) == 5


async def test_a_database_that_is_killed_loses_and_doubles_nothing() -> None:
    with Postgres() as server:
        control_migrations().run(server.url)
        database = open_database(server.url)
        desk = Desk(Books(database))
        async with database.transaction() as session:
            session.add(key(hash=KEY))
        await desk.take(note(1, 5))
        server.kill()
        away = note(1, 9)
        assert await desk.take(away) == [["nak 2"]]
        server.start()
        assert await desk.take(away) == [["nak 2", "ack"]]
        async with database.reading() as session:
            assert await session.scalar(text("SELECT spend_nano_usd FROM keys")) == 900
        await desk.books.check()
        assert desk.count("control_usage_batches_failed_total", reason="unavailable") == 1
        await database.close()


class Deaf(Database):
    """The connection breaks once, after a commit has reached the server."""

    hears = False

    async def run(self, work: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
        done = await super().run(work)
        if not self.hears:
            self.hears = True
            raise DatabaseUnavailable
        return done


async def test_a_commit_that_nobody_heard_of_counts_once(control_database_url: str) -> None:
    database = Deaf(control_database_url, schema=SCHEMA)
    desk = Desk(Books(database))
    async with database.transaction() as session:
        session.add(key(hash=KEY))
    first = note(1, 5)
    assert await desk.take(first) == [["nak 2"]]
    assert await desk.take(first) == [["nak 2", "ack"]]
    async with database.reading() as session:
        assert await session.scalar(text("SELECT spend_nano_usd FROM keys")) == 500
    await database.close()
