"""Pieces of a record, laid out by hand: together they say what the schema's own encoder would, field by field."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from routeiq.api.usage.v1 import usage_pb2 as pb
from routeiq.gateway.journal.messages import message_of
from routeiq.gateway.journal.shelf import Batch
from routeiq.gateway.journal.wire_record import (
    Called,
    asked,
    beginning,
    begun,
    decided,
    parties,
    tail,
    with_decision,
)

FEW = some.sampled_from(["", "a", "é" * 40, "x" * 300])
TEXT = some.text(some.characters(codec="utf-8"), max_size=300)
NUMBER = some.one_of(some.integers(0, 300), some.integers(0, 2**53))
COUNTS = some.tuples(*[NUMBER] * 7)


@given(TEXT, TEXT, NUMBER)
def test_a_request_is_named(id_: str, request_id: str, started_at: int) -> None:
    said = pb.UsageRecord.FromString(beginning(id_.encode(), request_id.encode(), started_at))
    assert said == pb.UsageRecord(id=id_, request_id=request_id, started_at=started_at)


@given(FEW, FEW, some.tuples(FEW, FEW, FEW), some.lists(FEW, max_size=20), some.tuples(FEW, FEW, FEW), FEW)
def test_parties_are_said(
    journal: str, version: str, who: tuple[str, str, str], tags: list[str], whom: tuple[str, str, str], account: str
) -> None:
    said = pb.UsageRecord.FromString(parties(journal, version, who, tags, whom, account))
    expected = pb.Parties(
        key_hash=who[0], user_id=who[1], team_id=who[2], tags=tags, customer_id=whom[0], service=whom[1],
        task_type=whom[2], key_account=account if account != who[0] else "",
    )  # fmt: skip
    assert said == pb.UsageRecord(journal=journal, state_version=version, parties=expected)


@given(FEW, FEW, some.booleans(), FEW, FEW, FEW, FEW)
def test_what_was_asked_for_and_who_is_called_are_one(
    endpoint: str, requested: str, stream: bool, model: str, deployment: str, provider: str, provider_model: str
) -> None:
    called = Called(model, deployment, provider, provider_model)
    said = pb.UsageRecord.FromString(asked(endpoint, requested, stream) + called.served)
    expected = pb.Served(
        endpoint=endpoint, requested_model=requested, model=model, deployment_id=deployment, provider=provider,
        provider_model=provider_model,
    )  # fmt: skip
    assert said == pb.UsageRecord(served=expected, stream=stream)


@given(
    some.one_of(FEW, some.text("0123456789abcdef-", min_size=36, max_size=36)), FEW, FEW,
    some.none() | some.floats(allow_nan=False), FEW, FEW, some.booleans(),
)  # fmt: skip
def test_a_decision_is_said(
    id_: str, strategy: str, reason: str, confidence: float | None, artifact: str, fallback: str, cached: bool
) -> None:
    said = pb.UsageRecord.FromString(
        with_decision(id_.encode()) + decided(strategy, reason, confidence, artifact, fallback, cached)
    )
    expected = pb.Decision(
        id=id_, strategy=strategy, reason=reason, confidence=confidence, artifact_id=artifact, fallback=fallback,
        cached=cached,
    )  # fmt: skip
    assert said == pb.UsageRecord(decision=expected)


@given(
    some.integers(1, 2**62), NUMBER, some.integers(-1, 2**20), FEW, some.integers(0, 300), NUMBER, COUNTS,
    some.booleans(), some.none() | NUMBER, some.booleans(), FEW, NUMBER,
)  # fmt: skip
def test_what_became_of_it_is_said(
    sequence: int, ended_at: int, status: int, error: str, attempts: int, size: int,
    counts: tuple[int, int, int, int, int, int, int], metered: bool, cost: int | None, cached: bool, fallback: str,
    first_data_us: int,
) -> None:  # fmt: skip
    said = pb.UsageRecord.FromString(
        tail(sequence, ended_at, status, error, attempts, size, counts, metered, cost, cached, fallback, first_data_us)
    )
    names = ("input", "output", "cache_read", "cache_write", "audio_input", "reasoning", "audio_output")
    expected = pb.UsageRecord(
        sequence=sequence, ended_at=ended_at, status=status, error=error, attempts=attempts, bytes=size,
        tokens=pb.Tokens(**dict(zip(names, counts, strict=True)), metered=metered), cost_nano_usd=cost, cached=cached,
        first_data_us=first_data_us,
    )  # fmt: skip
    if fallback:
        expected.decision.fallback = fallback
    assert said == expected


@given(TEXT, some.binary(max_size=300), NUMBER)
def test_what_began_is_said(id_: str, terms: bytes, input_tokens: int) -> None:
    head = pb.UsageRecord(id=id_).SerializeToString()
    said = pb.Begun.FromString(begun(head, Called("m", "d", "", "", terms), input_tokens))
    record = pb.UsageRecord(id=id_, served=pb.Served(model="m", deployment_id="d"))
    assert said == pb.Begun(record=record, terms=terms, input_tokens=input_tokens)


@given(some.lists(some.binary(max_size=300).map(lambda data: pb.UsageRecord(error=data.hex())), max_size=600), NUMBER)
def test_a_message_says_all_of_its_records(records: list[pb.UsageRecord], oldest: int) -> None:
    batch = Batch(7, [record.SerializeToString() for record in records])
    assert pb.UsageBatch.FromString(message_of(batch, oldest)) == pb.UsageBatch(records=records, oldest=oldest)
