"""The way to JetStream: in order, until the ledger has it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from routeiq.api.control.v1 import control_pb2 as control
from routeiq.api.usage.v1 import usage_pb2 as pb
from routeiq.gateway.journal.journal import Journal
from routeiq.gateway.journal.ledger_round import LedgerRound
from routeiq.gateway.journal.publisher import MOST_BYTES, MOST_RECORDS, PATIENCE_S, Publisher
from routeiq.gateway.journal.records import Counts
from routeiq.gateway.journal.replay import LEAP, mark_boot, replay
from routeiq.gateway.journal.wire_record import Called, begun
from routeiq.kit.errors import Unavailable
from tests.support.journaling import begin, die, head, left, opened, serve, tail


class Wire:
    """A stream that keeps what it gets, unless it is `away`. Equal message ids are the same message."""

    def __init__(self) -> None:
        self.away = False
        self.batches: list[pb.UsageBatch] = []
        self.names: list[str] = []

    async def publish(self, subject: str, payload: bytes, message_id: str) -> bool:
        await asyncio.sleep(0)
        if self.away:
            return False
        batch = pb.UsageBatch.FromString(payload)
        assert {f"routeiq.usage.{one.journal}" for one in batch.records} == {subject}
        if message_id not in self.names:
            self.names.append(message_id)
            self.batches.append(batch)
        return True

    @property
    def sequences(self) -> list[int]:
        return [one.sequence for batch in self.batches for one in batch.records]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def publisher(journal: Journal, wire: Wire, clock: Clock | None = None) -> Publisher:
    return Publisher(journal.id, journal.shelf, wire.publish, knows=True, clock=clock or Clock())


async def test_all_is_sent_in_order_in_bounded_batches(tmp_path: Path) -> None:
    journal, wire = opened(tmp_path), Wire()
    for number in range(1300):
        serve(journal, f"i{number}")
    own = publisher(journal, wire)
    await own.flush()
    assert wire.sequences == list(range(1, 1301))
    assert all(len(batch.records) <= MOST_RECORDS for batch in wire.batches)
    assert all(batch.ByteSize() < MOST_BYTES + 64 * 1024 for batch in wire.batches)
    assert (own.sent, own.published, own.pending) == (1300, 1300, 1300)


async def test_a_record_says_everything(tmp_path: Path) -> None:
    journal, wire = opened(tmp_path), Wire()
    why = {"confidence": 0.5, "reason": "why", "cached": True}
    beginning = head("a", journal=journal.id, parties={"tags": ["x", "y"], "key_hash": "k"}, decision=why)
    called, counts = Called("m", "d", "openai", "gpt"), Counts(1, 2, 3, 4, 5, 6, 7)
    slot = journal.begin(begun(beginning, called))
    journal.end(
        slot, beginning + called.served + tail(1, cost_nano_usd=None, counts=counts, decision={"fallback": "f"})
    )
    await publisher(journal, wire).flush()
    ((record,),) = [batch.records for batch in wire.batches]
    assert (record.id, record.request_id, record.journal, record.sequence) == ("a", "r-a", journal.id, 1)
    assert (list(record.parties.tags), record.parties.key_hash) == (["x", "y"], "k")
    assert (record.served.model, record.served.deployment_id, record.served.provider_model) == ("m", "d", "gpt")
    assert (record.decision.confidence, record.decision.fallback, record.decision.cached) == (0.5, "f", True)
    tokens = record.tokens
    assert (tokens.input, tokens.output, tokens.cache_read, tokens.cache_write) == (1, 2, 3, 4)
    assert (tokens.audio_input, tokens.reasoning, tokens.audio_output) == (5, 6, 7)
    assert not record.HasField("cost_nano_usd")
    assert wire.batches[0].oldest == 1


async def test_it_tries_until_the_stream_is_there(tmp_path: Path) -> None:
    journal, wire = opened(tmp_path), Wire()
    wire.away = True
    serve(journal, "a")
    flushing = asyncio.create_task(publisher(journal, wire).flush())
    await asyncio.sleep(0.05)
    assert not flushing.done()
    wire.away = False
    await asyncio.wait_for(flushing, 5)
    assert wire.sequences == [1]


async def test_what_the_ledger_has_is_let_go(tmp_path: Path) -> None:
    journal, wire = opened(tmp_path), Wire()
    for number in range(1300):
        serve(journal, f"i{number}")
    own = publisher(journal, wire)
    await own.flush()
    first = journal.shelf.segments[0]
    assert own.ledger(first.last) == [first]
    assert own.pending == 1300 - first.last
    own.ledger(1300)
    assert (own.pending, len(journal.shelf.segments)) == (0, 1)


async def test_where_the_ledger_stays_behind_all_is_sent_again(tmp_path: Path) -> None:
    journal, wire, clock = opened(tmp_path), Wire(), Clock()
    for number in range(10):
        serve(journal, f"i{number}")
    own = publisher(journal, wire, clock)
    await own.flush()
    own.ledger(4)
    clock.now += PATIENCE_S - 1
    own.ledger(4)
    await own.flush()
    assert wire.sequences == list(range(1, 11))
    clock.now += 1
    own.ledger(4)
    await own.flush()
    assert wire.sequences == [*range(1, 11), *range(5, 11)]


async def test_it_grows_more_patient_until_something_moves(tmp_path: Path) -> None:
    journal, wire, clock = opened(tmp_path), Wire(), Clock()
    serve(journal, "a")
    own, sent = publisher(journal, wire, clock), list[int]()
    for second in range(60):
        own.ledger(0)
        await own.flush()
        if len(wire.sequences) > len(sent):
            sent.append(second)
        clock.now += 1
    assert sent == [0, 5, 15, 35]


async def test_a_ledger_that_moves_is_given_time(tmp_path: Path) -> None:
    journal, wire, clock = opened(tmp_path), Wire(), Clock()
    for number in range(100):
        serve(journal, f"i{number}")
    own = publisher(journal, wire, clock)
    await own.flush()
    for watermark in range(0, 100, 5):
        own.ledger(watermark)
        clock.now += PATIENCE_S - 1
    await own.flush()
    assert wire.sequences == list(range(1, 101))


async def test_a_ledger_that_went_back_gets_what_there_is(tmp_path: Path) -> None:
    journal, wire, clock = opened(tmp_path), Wire(), Clock()
    for number in range(10):
        serve(journal, f"i{number}")
    own = publisher(journal, wire, clock)
    await own.flush()
    own.ledger(10)
    own.ledger(3)
    clock.now += PATIENCE_S
    own.ledger(3)
    await own.flush()
    assert wire.sequences == [*range(1, 11), *range(4, 11)]


async def test_of_a_dead_process_only_what_lacks_is_sent(tmp_path: Path) -> None:
    journal, wire = opened(tmp_path), Wire()
    for number in range(10):
        serve(journal, f"i{number}")
    begin(journal, "cut")
    die(journal)
    adopted = Publisher(journal.id, replay(left(tmp_path)), wire.publish, knows=False)
    running = asyncio.create_task(adopted.run())
    await asyncio.sleep(0.05)
    assert wire.sequences == []
    adopted.ledger(8)
    await asyncio.sleep(0.05)
    assert wire.sequences == [9, 10, 11]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_past_a_gap_the_oldest_says_so(tmp_path: Path) -> None:
    journal, wire = opened(tmp_path), Wire()
    mark_boot(journal.folder)
    serve(journal, "whole")
    begin(journal, "cut")
    die(journal)
    (journal.folder.path / "boot").write_bytes(b"another one")
    adopted = Publisher(journal.id, replay(left(tmp_path)), wire.publish, knows=True)
    await adopted.flush()
    assert wire.sequences == [1]
    adopted.ledger(1)
    await adopted.flush()
    assert wire.sequences == [1, 2 + LEAP]
    assert wire.batches[-1].oldest == 2 + LEAP


async def test_control_is_asked_while_somebody_waits_and_all_are_told() -> None:
    asked, told = list[object](), list[str]()
    answer = control.ReadLedgerResponse(watermarks=[control.Watermark(journal="j", sequence=3)])

    async def ask(accounts: object, journals: object) -> control.ReadLedgerResponse:
        asked.append((accounts, journals))
        if len(asked) == 1:
            raise Unavailable("away")
        return answer

    def fails(_: control.ReadLedgerResponse) -> None:
        raise RuntimeError("its own fault")

    ledger = LedgerRound(ask)
    await ledger.once()
    assert asked == []
    ledger.journals.append(lambda: ["j"])
    ledger.accounts.append(lambda: [("key", "k", "")])
    ledger.listeners += [fails, lambda said: told.append(said.watermarks[0].journal)]
    await ledger.once()
    await ledger.once()
    assert asked == [([("key", "k", "")], ["j"])] * 2
    assert told == ["j"]


async def test_a_watermark_of_what_was_never_written_loses_nothing(tmp_path: Path) -> None:
    journal, wire = opened(tmp_path), Wire()
    serve(journal, "i1")
    own = publisher(journal, wire)
    assert own.ledger(2**60) == []
    assert own.pending == 1
    await own.flush()
    assert wire.sequences == [1]
    own.ledger(1)
    serve(journal, "i2")
    await own.flush()
    assert wire.sequences == [1, 2]
