"""Batches into the ledger, on both databases: however they come, each record counts once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from routeiq.api.usage.v1 import usage_pb2 as pb
from routeiq.control.store.tables import Key
from routeiq.control.store.usage_tables import UsageDetail
from routeiq.control.usage.rebuild import rebuild
from tests.support.control_database import open_patiently
from tests.support.holders import key, member, team, user
from tests.support.usage_batches import DAY_US, KEY, NOON, Books, batch, read, record, sent


@pytest.fixture
async def books(control_database_url: str) -> AsyncIterator[Books]:
    found = Books(open_patiently(control_database_url))
    yield found
    await found.database.close()


async def spent(books: Books) -> int | None:
    async with books.database.reading() as session:
        row = await session.get(Key, KEY)
        return None if row is None else row.spend_nano_usd


async def test_a_batch_twice_counts_once(books: Books) -> None:
    first, again = await books.write(batch(1, 20)), await books.write(batch(1, 20))
    assert (first.new, first.duplicate, list(first.joined)) == (20, 0, [True])
    assert (again.new, again.duplicate, list(again.joined)) == (0, 20, [True])
    assert (await books.totals("all"))["cost_nano_usd"] == 2000
    await books.check()


async def test_batches_that_overlap_count_once(books: Books) -> None:
    written = await books.write(batch(1, 10), batch(6, 15))
    later = await books.write(batch(11, 30))
    assert (written.new, written.duplicate, later.new, later.duplicate) == (15, 5, 15, 5)
    assert await books.watermark() == 30
    await books.check()


async def test_the_mark_waits_for_what_is_missing(books: Books) -> None:
    await books.write(batch(1, 5))
    ahead = await books.write(batch(11, 15))
    assert (ahead.new, list(ahead.joined), await books.watermark()) == (5, [False], 5)
    filled = await books.write(batch(6, 10))
    assert (list(filled.joined), await books.watermark()) == ([True], 10)
    again = await books.write(batch(11, 15))
    assert (again.new, list(again.joined), await books.watermark()) == (0, [True], 15)


async def test_the_first_batch_joins_where_the_journal_begins(books: Books) -> None:
    assert list((await books.write(batch(7, 9))).joined) == [False]
    assert await books.watermark() == 0
    assert list((await books.write(batch(7, 9, oldest=7))).joined) == [True]
    assert await books.watermark() == 9


async def test_the_mark_never_goes_back(books: Books) -> None:
    await books.write(batch(1, 9))
    assert list((await books.write(batch(2, 4))).joined) == [True]
    assert await books.watermark() == 9


async def test_a_batch_with_a_gap_moves_the_mark_to_it(books: Books) -> None:
    written = await books.write(read(sent([record(1), record(2), record(5)])))
    assert (written.new, await books.watermark()) == (3, 2)


async def test_an_empty_batch_is_fine(books: Books) -> None:
    assert list((await books.write(read(sent([])))).joined) == [True]
    assert await books.rows() == []


async def test_a_record_that_ended_twice_counts_once(books: Books) -> None:
    await books.write(read(sent([record(1)])))
    await books.write(read(sent([record(2, id_=record(1).id, ended_at=NOON + DAY_US // 24)])))
    assert len(await books.rows()) == 1
    assert await books.watermark() == 2


async def test_everything_that_was_sent_is_kept(books: Books) -> None:
    one = record(
        1, tokens=pb.Tokens(reasoning=3), error="timeout", first_data_us=77, state_version="v9", bytes=4711,
        decision=pb.Decision(id="d1", strategy="auto", confidence=0.5), parties=pb.Parties(tags=["x", "x", "", "y"]),
    )  # fmt: skip
    await books.write(read(sent([one])))
    [row] = await books.rows()
    assert (row.tags, row.error, row.bytes, row.journal, row.request_id) == (
        ["x", "y"], "timeout", 4711, one.journal, "req-1",
    )  # fmt: skip
    assert row.details == {
        "cache_read_tokens": 2, "reasoning_tokens": 3, "first_data_us": 77, "state_version": "v9", "sequence": 1,
        "decision": {"id": "d1", "strategy": "auto", "confidence": 0.5},
    }  # fmt: skip
    assert row.ended_at - row.started_at == timedelta(seconds=1)


ODD: list[dict[str, Any]] = [
    {"parties": pb.Parties(user_id="nul\0here", tags=["t\0", "\\N", 'tab\t"quote"\n'], team_id="back\\slash\r\n")},
    {"parties": pb.Parties(customer_id="ü" * 5000, service="漢" * 300), "served": pb.Served(model="\U0001f600" * 200)},
    {"tokens": pb.Tokens(input=2**63 - 1, output=-5), "cost_nano_usd": 2**63 - 1, "bytes": 2**64 - 1},
    {"cost_nano_usd": -7, "status": -1, "attempts": 2**31 - 1},
    {"id_": "no uuid", "journal": "\0", "first_data_us": -1},
    {"id_": "../../etc", "started_at": -5, "ended_at": 2**63 - 1},
    {"ended_at": -(2**63)},
    {"decision": pb.Decision(confidence=float("nan"), reason="x" * 10_000), "error": "e" * 100_000},
    {"started_at": NOON + DAY_US},
]


@pytest.mark.parametrize("fields", ODD, ids=range(len(ODD)))
async def test_an_odd_record_is_kept_with_what_can_be_stored(books: Books, fields: dict[str, Any]) -> None:
    odd = sent([record(1), record(2, **fields), record(3)])
    written, again = await books.write(read(odd)), await books.write(read(odd))
    assert (written.new, again.new, again.duplicate) == (3, 0, 3)
    assert len(await books.rows()) == 3
    await books.check()


async def test_sequences_beyond_all_bounds_stop_nothing(books: Books) -> None:
    for sequence, oldest in ((2**64 - 1, 2**64 - 1), (2**64 - 1, 0), (0, 0)):
        one = record(5)
        one.sequence = sequence
        await books.write(read(sent([one], oldest)))
    assert len(await books.rows()) == 1


async def test_names_that_are_cut_stay_different(books: Books) -> None:
    named = [record(at, parties=pb.Parties(customer_id=f"{'ü' * 400}{at}")) for at in (1, 2)]
    await books.write(read(sent(named)))
    names = {row.customer_id for row in await books.rows()}
    assert len(names) == 2
    assert max(len(name.encode()) for name in names) <= 256


async def test_all_who_bear_the_cost_are_charged(books: Books) -> None:
    async with books.database.transaction() as session:
        session.add_all([key(hash=KEY), user(), team()])
        await session.flush()
        session.add(member())
    await books.write(batch(1, 10))
    await books.write(batch(5, 12))
    async with books.database.reading() as session:
        for table in ("keys", "users", "teams", "team_members"):
            assert await session.scalar(text(f"SELECT spend_nano_usd FROM {table}")) == 1200


async def test_two_replicas_on_the_same_batches_count_once(books: Books, control_database_url: str) -> None:
    other = Books(open_patiently(control_database_url))
    batches = [batch(at, at + 24) for at in range(1, 200, 10)]
    async with books.database.transaction() as session:
        session.add(key(hash=KEY))
    forth, back = await asyncio.gather(
        write_all(books, batches), write_all(other, list(reversed(batches))),
    )  # fmt: skip
    await other.database.close()
    assert forth + back == 215
    assert await spent(books) == 21_500
    await books.check()


async def write_all(books: Books, batches: list[Any]) -> int:
    return sum([(await books.write(one)).new for one in batches])


async def test_replicas_of_many_journals_never_wait_in_a_ring(books: Books, control_database_url: str) -> None:
    others = [Books(open_patiently(control_database_url)) for _ in range(3)]
    async with books.database.transaction() as session:
        session.add_all([key(hash=KEY), user(), team()])
    journals = [f"journal-{at}" for at in range(4)]
    work = [
        write_all(one, [batch(at, at + 9, journal=journal) for at in range(1, 60, 10)])
        for one, journal in zip([books, *others], journals, strict=True)
    ]
    assert sum(await asyncio.gather(*work)) == 240
    assert await spent(books) == 24_000
    for one in others:
        await one.database.close()
    await books.check()


@pytest.mark.parametrize("seed", range(4))
async def test_sums_are_those_of_the_records(books: Books, seed: int) -> None:
    dice = random.Random(seed)
    records = [anything(dice, sequence) for sequence in range(1, 301)]
    for _ in range(12):
        first = dice.randrange(0, 290)
        await books.write(read(sent(records[first : first + dice.randrange(1, 60)])))
    await books.write(*[read(sent(records[at : at + 50])) for at in range(0, 300, 50)])
    assert len(await books.rows()) == 300
    assert await books.watermark() == 300
    await books.check()
    before = await books.everything()
    days = sorted({row.ended_at.date() for row in await books.rows()})
    assert await rebuild(books.database, [*days, days[0] - timedelta(days=9)]) == days
    assert await books.everything() == before


def anything(dice: random.Random, sequence: int) -> pb.UsageRecord:
    ended = NOON - dice.randrange(3 * DAY_US)
    one = record(sequence, ended_at=ended, started_at=ended - dice.randrange(10**8), cached=dice.random() < 0.2)
    one.parties.MergeFrom(
        pb.Parties(user_id=dice.choice(["", "ann", "bob"]), tags=dice.sample(["x", "y", "z"], dice.randrange(4)))
    )
    one.served.MergeFrom(pb.Served(model=dice.choice(["a", "b"]), provider=dice.choice(["p", "q"])))
    one.tokens.CopyFrom(pb.Tokens(**{name: dice.randrange(1000) for name in ("input", "output", "reasoning")}))
    one.status, one.attempts = dice.choice([200, 200, 429, 499]), dice.randrange(3)
    one.error = dice.choice(["", "", "interrupted"])
    if dice.random() < 0.2:
        one.ClearField("cost_nano_usd")
    return one


async def test_a_tag_has_the_requests_that_bear_it(books: Books) -> None:
    tagged = [record(at, parties=pb.Parties(tags=tags)) for at, tags in enumerate((["x"], ["x", "y"], []), 1)]
    await books.write(read(sent(tagged)))
    assert (await books.totals("tag"))["requests"] == 3
    assert (await books.details(UsageDetail.tag == "x"))["requests"] == 2
    assert (await books.details(UsageDetail.tag == ""))["requests"] == 3
