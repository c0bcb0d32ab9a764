"""What the ledger is told is what the journal holds, field by field."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from routeiq.api.usage.v1 import usage_pb2 as pb
from routeiq.gateway.journal.messages import AT_ONCE, message_of
from routeiq.gateway.journal.record_parts import Parts
from routeiq.gateway.journal.records import (
    TRIPLE,
    Called,
    Counts,
    Head,
    NotARecord,
    Record,
    Tail,
    encode,
    read_tail_values,
)
from routeiq.gateway.journal.shelf import Batch
from routeiq.gateway.journal.wire import Moments, varint

FEW = some.sampled_from(["", "a", "é" * 40, "x" * 300])
NUMBER = some.one_of(some.integers(0, 300), some.integers(0, 2**53))
COUNTS = some.builds(Counts, *[NUMBER] * 7)
HEADS = some.builds(
    Head, some.text(max_size=40), some.text(max_size=300), NUMBER, FEW, FEW, some.booleans(), NUMBER, FEW, FEW, FEW,
    FEW, FEW, FEW, FEW, some.lists(FEW, max_size=20).map(tuple), some.text(max_size=40), FEW, FEW,
    some.none() | some.floats(allow_nan=False), FEW, FEW, some.booleans(),
)  # fmt: skip
CALLED = some.builds(Called, FEW, FEW, FEW, FEW, some.binary(max_size=300))
TAILS = some.builds(
    Tail, NUMBER, some.integers(0, 600), FEW, some.integers(0, 300), NUMBER, COUNTS, some.booleans(),
    some.none() | NUMBER, some.booleans(), FEW, NUMBER,
)  # fmt: skip
RECORDS = some.builds(Record, HEADS, CALLED, TAILS)


def told(records: list[bytes], first: int = 1) -> pb.UsageBatch:
    return pb.UsageBatch.FromString(asyncio.run(message_of("journal", Batch(first, records), 1)))


def expected(record: Record, sequence: int) -> pb.UsageRecord:
    """Set by name, as the schema has it."""
    head, called, tail = record.head, record.called, record.tail
    one = pb.UsageRecord(
        id=head.id, request_id=head.request_id, journal="journal", sequence=sequence, started_at=head.started_at,
        ended_at=tail.ended_at, status=tail.status, error=tail.error, stream=head.stream, cached=tail.cached,
        attempts=tail.attempts, bytes=tail.bytes, state_version=head.state_version, first_data_us=tail.first_data_us,
    )  # fmt: skip
    if tail.cost_nano_usd is not None:
        one.cost_nano_usd = tail.cost_nano_usd
    parties = pb.Parties(
        key_hash=head.key_hash, user_id=head.user_id, team_id=head.team_id, tags=head.tags,
        customer_id=head.customer_id, service=head.service, task_type=head.task_type,
    )  # fmt: skip
    served = pb.Served(
        endpoint=head.endpoint, requested_model=head.requested_model, model=called.model,
        deployment_id=called.deployment_id, provider=called.provider, provider_model=called.provider_model,
    )  # fmt: skip
    decision = pb.Decision(
        id=head.decision_id, strategy=head.strategy, reason=head.reason, artifact_id=head.artifact_id,
        fallback=head.fallback or tail.fallback, cached=head.decided_before, confidence=head.confidence,
    )  # fmt: skip
    counts = tail.counts
    tokens = pb.Tokens(
        input=counts.input, output=counts.output, cache_read=counts.cache_read, cache_write=counts.cache_write,
        audio_input=counts.audio_input, reasoning=counts.reasoning, audio_output=counts.audio_output,
        metered=tail.metered,
    )  # fmt: skip
    one.parties.CopyFrom(parties)
    one.served.CopyFrom(served)
    one.decision.CopyFrom(decision)
    one.tokens.CopyFrom(tokens)
    return one


@given(some.lists(some.integers(0, 2**53), min_size=1))
def test_times_are_written_as_other_numbers_are(numbers: list[int]) -> None:
    moments = Moments()
    assert [moments.of(one) for one in numbers] == [varint(one) for one in numbers]


@given(TAILS)
def test_the_values_of_a_tail_are_encoded_as_it_is(tail: Tail) -> None:
    values = (
        *msgspec.structs.astuple(tail)[:5],
        msgspec.structs.astuple(tail.counts),
        *msgspec.structs.astuple(tail)[6:],
    )
    assert encode(values) == encode(tail)
    assert read_tail_values(encode(tail)) == values


@settings(max_examples=25, deadline=None)
@given(some.lists(RECORDS, min_size=1, max_size=4))
def test_a_message_says_all_of_its_records(records: list[Record]) -> None:
    batch = told([encode(record) for record in records], 7)
    assert list(batch.records) == [expected(record, number) for number, record in enumerate(records, 7)]
    assert batch.oldest == 1


def test_records_that_are_alike_are_told_apart() -> None:
    heads = [
        Head(f"id-{n}", f"r-{n}", n, "chat", "m", False, n, "c1", decision_id=f"d-{n}") for n in range(AT_ONCE + 9)
    ]
    records = [Record(head, Called("m"), Tail(head.started_at + 1, 200)) for head in heads]
    batch = told([encode(record) for record in records])
    assert list(batch.records) == [expected(record, number) for number, record in enumerate(records, 1)]


@pytest.mark.parametrize("name", ["requested_model", "team_id", "reason", "model"])
def test_records_that_differ_in_one_piece_keep_their_own(name: str) -> None:
    fields = {"requested_model": "m", "team_id": "t", "reason": "r", "model": "a"}
    records = []
    for number in range(6):
        said = fields | {name: "one" if number % 3 else "another"}
        called = Called(said.pop("model"))
        head = Head(f"id-{number}", f"r-{number}", number, "chat", said.pop("requested_model"), False, 0, "c1", **said)
        records.append(Record(head, called, Tail(number + 1, 200)))
    batch = told([encode(record) for record in records])
    assert list(batch.records) == [expected(record, number) for number, record in enumerate(records, 1)]


def test_a_record_that_is_like_the_one_before_has_the_same_in_common() -> None:
    one, same, other = (
        encode(Record(Head(id_, "r", 1, "c", model, False, 0, "v"), Called("m"), Tail(2, 200)))
        for id_, model in (("i", "m"), ("another", "m"), ("i", "n"))
    )
    alike = Parts(one).alike
    assert Parts(same, alike).alike is alike
    assert Parts(other, alike).alike.whole == Parts(other).alike.whole != alike.whole


def test_what_an_older_release_wrote_is_read() -> None:
    """A part that ends earlier: the rest is as it was before there was any."""
    head = b"\x98" + encode(("i", "r", 5, "chat", "m", False, 0, "c1"))[1:]
    record = TRIPLE + head + encode(Called("m")) + encode(Tail(6, 200))
    (one,) = told([record]).records
    assert (one.id, one.started_at, one.served.model, one.ended_at) == ("i", 5, "m", 6)


@pytest.mark.parametrize("length", [35, 36, 37])
@pytest.mark.parametrize("confidence", [None, 0.5])
@pytest.mark.parametrize("fallback", ["", "upstream_failed"])
def test_a_decision_is_told(length: int, confidence: float | None, fallback: str) -> None:
    head = Head("i", "r", 1, "c", "m", False, 0, "v", decision_id="d" * length, confidence=confidence)
    record = Record(head, Called("m"), Tail(2, 599, attempts=2, fallback=fallback))
    assert list(told([encode(record)]).records) == [expected(record, 1)]


def test_what_a_newer_release_wrote_is_read() -> None:
    """A tail that says more: the rest is not known here."""
    record = Record(Head("i", "r", 1, "c", "m", False, 0, "v"), Called("m"), Tail(2, 200, "late"))
    longer = encode(record)[: -len(encode(record.tail))] + b"\x9c" + encode(record.tail)[1:] + encode("more")
    assert list(told([longer]).records) == [expected(record, 1)]


@pytest.mark.parametrize("status", [0, 599, 600, 2**20, -1])
def test_any_number_is_told(status: int) -> None:
    record = Record(Head("i", "r", 1, "c", "m", False, 0, "v"), Called("m"), Tail(2, status, bytes=262_143))
    assert list(told([encode(record)]).records) == [expected(record, 1)]


@pytest.mark.parametrize("end", range(8))
def test_a_part_of_a_record_is_none(end: int) -> None:
    record = encode(Record(Head("i", "r", 1, "c", "m", False, 0, "v"), Called("m"), Tail(2, 200)))
    with pytest.raises(NotARecord):
        Parts(record[: end * 5])
    with pytest.raises((msgspec.DecodeError, NotARecord)):
        told([record[: end * 5]])
