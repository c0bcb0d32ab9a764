"""What a dead process left."""

from __future__ import annotations

from pathlib import Path

import pytest

from routeiq.gateway.journal.folder import adopt
from routeiq.gateway.journal.records import Counts
from routeiq.gateway.journal.replay import INTERRUPTED, LEAP, mark_boot, replay
from routeiq.gateway.journal.wire_record import Called, begun
from tests.support.journaling import Read, begin, die, end, ids, left, opened, records_of, replayed, serve


def price(terms: bytes, counts: Counts) -> int | None:
    return 2 * counts.input + 3 * counts.output if terms == b"terms" else None


def only(records: list[Read]) -> Read:
    (record,) = records
    return record


def test_what_was_in_flight_is_interrupted(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    serve(journal, "whole")
    slot = begin(journal, "cut")
    slot.call()
    slot.relay(100, 7)
    slot.relay(50, 2)
    die(journal)
    whole, cut = replayed(tmp_path, price)
    assert (whole.id, whole.error) == ("whole", "")
    assert (cut.id, cut.error, cut.attempts, cut.bytes) == ("cut", INTERRUPTED, 1, 150)
    assert (cut.counts, cut.metered) == (Counts(40, 9), True)
    assert cut.cost_nano_usd == 2 * 40 + 3 * 9


def test_who_was_never_called_costs_nothing(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    begin(journal, "early")
    die(journal)
    record = only(replayed(tmp_path, price))
    assert (record.attempts, record.cost_nano_usd, record.counts) == (0, 0, Counts())


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_that_never_came_costs_nothing(tmp_path: Path, stream: bool) -> None:
    journal = opened(tmp_path)
    begin(journal, "silent", stream=stream).call()
    die(journal)
    record = only(replayed(tmp_path, price))
    assert (record.attempts, record.cost_nano_usd, record.counts, record.metered) == (1, 0, Counts(), False)


def test_what_the_upstream_said_is_what_is_billed(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    slot = begin(journal, "said")
    slot.call()
    slot.relay(10, 99)
    slot.report((11, 22, 1, 2, 3, 4, 5), 1234, final=True)
    die(journal)
    record = only(replayed(tmp_path, price))
    assert (record.counts, record.cost_nano_usd, record.metered) == (Counts(11, 22, 1, 2, 3, 4, 5), 1234, False)


def test_what_it_said_at_first_is_joined_with_what_was_counted(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    slot = begin(journal, "begun")
    slot.call()
    slot.report((11, 1, 6, 0, 0, 0, 0), None, final=False)
    slot.relay(10, 9)
    die(journal)
    record = only(replayed(tmp_path, price))
    assert (record.counts, record.metered) == (Counts(11, 9, 6), True)


def test_what_it_said_last_is_all_that_counts(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    serve(journal, "before")  # whose slot it is given
    slot = begin(journal, "twice")
    slot.call()
    slot.report((11, 1, 6, 0, 3, 0, 2), 99, final=False)
    slot.report((12, 0, 0, 0, 0, 5, 0), None, final=True)
    other = begin(journal, "another")
    other.report((0, 0, 0, 0, 0, 0, 0), 0, final=True)
    die(journal)
    found = {one.id: one for one in replayed(tmp_path, price)}
    assert (found["twice"].counts, found["twice"].cost_nano_usd) == (Counts(12, reasoning=5), None)
    assert (found["another"].counts, found["another"].cost_nano_usd) == (Counts(), 0)


def test_a_slot_that_is_used_again_says_nothing_of_who_had_it(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    slot = begin(journal, "before")
    slot.report((11, 22, 1, 2, 3, 4, 5), 1234, final=True)
    end(journal, slot, "before")
    begin(journal, "after").report((1, 0, 0, 0, 0, 0, 0), None, final=True)
    die(journal)
    (record,) = [one for one in replayed(tmp_path, price) if one.id == "after"]
    assert (record.counts, record.cost_nano_usd) == (Counts(1), None)


def test_an_unknown_price_stays_unknown(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    slot = begin(journal, "dear")
    slot.call_other(begun(b"", Called("large", "id-large", "", "", b"?")))
    slot.relay(10, 1)
    die(journal)
    record = only(replayed(tmp_path, price))
    assert (record.served.deployment_id, record.cost_nano_usd) == ("id-large", None)


def test_who_was_called_last_is_billed(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    slot = begin(journal, "walks")
    slot.call()
    for name in ("second", "third" * 500):
        slot.call_other(begun(b"", Called(name, name, "", "")))
    die(journal)
    record = only(replayed(tmp_path))
    assert (record.served.model, record.attempts) == ("third" * 500, 3)


def test_a_request_that_had_its_record_gets_no_second_one(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    slot = begin(journal, "twice")
    taken = journal.folder.slots.read_bytes()
    end(journal, slot, "twice")
    die(journal)
    journal.folder.slots.write_bytes(taken)  # killed between the record and this
    assert [(one.id, one.error) for one in replayed(tmp_path)] == [("twice", "")]


def test_a_replay_that_was_killed_is_made_again_the_same(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    begin(journal, "cut")
    die(journal)
    slots = journal.folder.slots.read_bytes()
    first = replayed(tmp_path)
    journal.folder.slots.write_bytes(slots)
    assert replayed(tmp_path) == first


def test_sequences_go_on(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    serve(journal, "whole")
    for name in ("a", "b"):
        begin(journal, name)
    die(journal)
    shelf = replay(left(tmp_path))
    assert (shelf.oldest, shelf.last) == (1, 3)
    assert ids(records_of(shelf)) == ["whole", "a", "b"]


def test_after_a_power_failure_no_sequence_is_given_again(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    mark_boot(journal.folder)
    serve(journal, "whole")
    begin(journal, "cut")
    die(journal)
    (journal.folder.path / "boot").write_bytes(b"another one")
    shelf = replay(left(tmp_path))
    assert [one.first for one in shelf.segments] == [1, 2 + LEAP]
    assert shelf.batch(1, 10, 1000) is not None


@pytest.mark.parametrize("where", ["word", "record"])
def test_a_torn_end_is_left_out(tmp_path: Path, where: str) -> None:
    journal = opened(tmp_path)
    serve(journal, "whole")
    at = journal.shelf.segments[0].end
    serve(journal, "torn")
    path = journal.shelf.segments[0].path
    die(journal)
    with path.open("r+b") as file:
        file.seek(at if where == "word" else at + 20)
        file.write(b"\xff\xff\xff\xff")
    assert ids(replayed(tmp_path)) == ["whole"]


def test_a_torn_slot_is_left_out(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for name in ("torn", "cut"):
        begin(journal, name)
    die(journal)
    with journal.folder.slots.open("r+b") as file:
        file.seek(200)
        file.write(b"\xff\xff\xff")
    assert ids(replayed(tmp_path)) == ["cut"]


def test_what_another_release_wrote_is_left_to_it(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    serve(journal, "whole")
    begin(journal, "cut")
    path = journal.shelf.segments[0].path
    die(journal)
    with path.open("r+b") as file:
        file.write(b"RIQSEG99")
    folder = left(tmp_path)
    with pytest.raises(ValueError, match="written by another release"):
        replay(folder)
    assert path.exists()
    assert folder.slots.exists()


@pytest.mark.parametrize("name", ["slots", "00000001.segment"])
def test_an_empty_file_stops_nobody(tmp_path: Path, name: str) -> None:
    journal = opened(tmp_path)
    serve(journal, "whole")
    die(journal)
    (journal.folder.path / name).write_bytes(b"")
    assert ids(replayed(tmp_path)) == (["whole"] if name == "slots" else [])


def test_the_dead_and_nobody_else_are_adopted(tmp_path: Path) -> None:
    living, dead = opened(tmp_path), opened(tmp_path)
    die(dead)
    (tmp_path / ".new-left").mkdir()
    (tmp_path / "notes").mkdir()
    folder = left(tmp_path)
    assert folder.id == dead.id != living.id
    assert list(adopt(tmp_path)) == []
    assert not (tmp_path / ".new-left").exists()
    folder.remove()
    assert {path.name for path in tmp_path.iterdir()} == {living.id, "notes"}


def test_a_journal_of_nothing_comes_to_nothing(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    die(journal)
    shelf = replay(left(tmp_path))
    assert (shelf.last, shelf.batch(0, 1, 1), shelf.peek(0)) == (0, None, None)
