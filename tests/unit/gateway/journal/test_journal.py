"""Begin and end, and what is there when somebody opens the journal again."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from pathlib import Path

import pytest

from routeiq.gateway.journal import folder
from routeiq.gateway.journal.allowance import Allowance
from routeiq.gateway.journal.journal import JournalFull
from routeiq.gateway.journal.records import Counts, read_record
from routeiq.gateway.journal.slots import SLOTS
from routeiq.gateway.journal.wire_record import Called
from tests.support.journaling import (
    SEGMENT_BYTES,
    begin,
    die,
    end,
    head,
    ids,
    opened,
    records_of,
    replayed,
    serve,
    tail,
)


class Disk:
    """It has room, or not."""

    def __init__(self) -> None:
        self.full = False

    def __call__(self, descriptor: int, offset: int, length: int) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        os.posix_fallocate(descriptor, offset, length)


def test_records_have_a_sequence_without_gaps(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    assert [serve(journal, f"i{number}") for number in range(5)] == [1, 2, 3, 4, 5]
    assert ids(records_of(journal.shelf)) == ["i0", "i1", "i2", "i3", "i4"]
    assert journal.in_flight == 0


def test_the_order_is_that_of_the_ends(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    first, second = begin(journal, "first"), begin(journal, "second")
    assert (end(journal, second, "second"), end(journal, first, "first")) == (1, 2)


def test_a_record_says_what_was_written(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    slot = begin(journal, "a", parties={"tags": ["x", "y"]})
    beginning = head("a", parties={"tags": ["x", "y"]})
    journal.end(slot, beginning + Called("m", "d", "", "").served + tail(1, cost_nano_usd=None, error="late"))
    (record,) = records_of(journal.shelf)
    assert (record.tags, record.served.deployment_id) == (("x", "y"), "d")
    assert (record.counts, record.cost_nano_usd, record.error) == (Counts(3, 5), None, "late")


def test_it_goes_on_in_further_segments(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    count = 2000
    assert [serve(journal, f"i{number}") for number in range(count)] == list(range(1, count + 1))
    segments = journal.shelf.segments
    assert len(segments) > 2
    assert [one.first for one in segments[1:]] == [one.last + 1 for one in segments[:-1]]
    assert ids(records_of(journal.shelf)) == [f"i{number}" for number in range(count)]


def test_there_are_as_many_slots_as_requests(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    slots = {number: begin(journal, f"i{number}") for number in range(3 * SLOTS)}
    assert journal.in_flight == 3 * SLOTS
    for number, slot in slots.items():
        end(journal, slot, f"i{number}")
    assert (journal.in_flight, journal.sequence) == (0, 3 * SLOTS)


def test_a_long_beginning_takes_several_slots_and_gives_them_back(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    tags = tuple(f"{number:0100d}" for number in range(60))
    slot = begin(journal, "long", parties={"tags": tags})
    assert journal.in_flight > 5
    other = begin(journal, "short")
    die(journal)
    records = {one.id: one for one in replayed(tmp_path)}
    assert records["long"].tags == tags
    assert records.keys() == {"long", "short"}
    end(journal, slot, "long")
    end(journal, other, "short")
    assert journal.in_flight == 0


def test_a_full_disk_refuses_what_begins_and_lets_end_what_has_begun(tmp_path: Path) -> None:
    disk = Disk()
    journal = opened(tmp_path, allocate=disk)
    disk.full = True
    running = {}
    with pytest.raises(JournalFull) as refused:
        while True:
            identifier = f"i{len(running)}"
            running[identifier] = begin(journal, identifier)
    assert (refused.value.status, refused.value.code) == (503, "journal_full")
    assert [end(journal, slot, name) for name, slot in running.items()] == list(range(1, len(running) + 1))


def test_it_begins_again_when_there_is_room(tmp_path: Path) -> None:
    disk = Disk()
    journal = opened(tmp_path, allocate=disk)
    disk.full = True
    served = 0
    with pytest.raises(JournalFull):
        while serve(journal, f"i{served}"):
            served += 1
    assert journal.full
    disk.full = False
    assert serve(journal, "after") == served + 1
    assert not journal.full
    assert ids(records_of(journal.shelf))[-1] == "after"


def test_it_becomes_no_larger_than_it_may(tmp_path: Path) -> None:
    dead = opened(tmp_path)
    while serve(dead, "left") < 1000:
        """Somebody's journal, who died."""
    die(dead)
    most = sum(file.stat().st_size for file in tmp_path.rglob("*")) + 5 * SEGMENT_BYTES
    journal = opened(tmp_path, further=Allowance(tmp_path, most))
    served = 0
    with pytest.raises(JournalFull):
        while serve(journal, f"i{served}"):
            served += 1
    assert served > 100
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.segment")) <= most
    dead.folder.remove()
    assert serve(journal, "after") == served + 1


def test_one_starts_where_there_is_more_already_than_there_may_be(tmp_path: Path) -> None:
    opened(tmp_path)
    journal = opened(tmp_path, further=Allowance(tmp_path, 1))
    assert serve(journal, "first") == 1


def test_a_record_that_finds_no_room_waits_for_it(tmp_path: Path) -> None:
    disk = Disk()
    journal = opened(tmp_path, allocate=disk)
    disk.full = True
    late, *large = [begin(journal, "some") for _ in range(7)]
    data = tail(error="x" * 30_000)  # far more than was promised
    assert [journal.end(slot, head("large") + data) for slot in large] == [1, 2, 3, 4, 5, 6]
    assert end(journal, late, "late") == 7
    with pytest.raises(JournalFull):
        begin(journal, "refused")
    disk.full = False
    assert serve(journal, "next") == 8
    assert ids(records_of(journal.shelf)) == ["large"] * 6 + ["late", "next"]


async def test_the_next_segment_is_made_beside(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    task = asyncio.create_task(journal.keep_ready())
    for _ in range(100):
        await asyncio.sleep(0.01)
        if len(list(journal.folder.path.glob("*.segment"))) == 2:
            break
    before = set(journal.folder.path.glob("*.segment"))
    number = 0
    while len(journal.shelf.segments) < 2:
        serve(journal, f"i{number}")
        number += 1
    assert {one.path for one in journal.shelf.segments} == before
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_a_batch_is_bounded_and_goes_on_where_the_last_ended(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for number in range(1500):
        serve(journal, f"i{number}")
    after, found = 0, []
    while batch := journal.shelf.batch(after, 100, 20_000):
        assert batch.first == after + 1
        assert len(batch.records) <= 100
        assert sum(map(len, batch.records)) <= 20_000
        after = batch.last
        found += [read_record(data).id for data in batch.records]
    assert found == [f"i{number}" for number in range(1500)]
    again = journal.shelf.batch(700, 1, 1)
    assert again is not None
    assert read_record(again.records[0]).id == "i700"


def test_what_was_read_and_left_memory_is_read_again(tmp_path: Path) -> None:
    journal = opened(tmp_path)

    def read() -> list[bytes]:
        found, after = [], 0
        while batch := journal.shelf.batch(after, 100, 20_000):
            found += batch.records
            after = batch.last
        return found

    for number in range(1500):
        serve(journal, f"i{number}")
    first = read()
    serve(journal, "another")  # into a page that has not left
    again = read()
    assert again[:-1] == first
    assert [read_record(data).id for data in again] == [*(f"i{number}" for number in range(1500)), "another"]


def test_what_the_ledger_has_is_dropped_but_the_segment_in_use(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for number in range(1500):
        serve(journal, f"i{number}")
    first, *rest = journal.shelf.segments
    assert journal.shelf.drop(first.last - 1) == []
    assert journal.shelf.drop(first.last) == [first]
    assert journal.shelf.oldest == first.last + 1
    assert journal.shelf.drop(journal.sequence) == rest[:-1]
    assert journal.shelf.last == 1500


def test_a_folder_that_is_taken_for_a_dead_ones_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gateways that start together look for dead ones' folders while others make their own."""
    locked, drafts = folder._locked, list[Path]()

    def slow(path: Path) -> int | None:
        drafts.append(path)
        if len(drafts) == 1:
            shutil.rmtree(path)  # as `adopt` does
        return locked(path)

    monkeypatch.setattr(folder, "_locked", slow)
    made = folder.create(tmp_path)
    assert (len(drafts), [one.name for one in tmp_path.iterdir()]) == (2, [made.id])
    made.remove()
