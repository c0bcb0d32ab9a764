"""What is billed where an upstream says that it sent nothing, or is not heard to its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from routeiq.config.price import INPUT, OUTPUT, costs_in, price_of
from routeiq.gateway.journal.journal import Journal
from routeiq.gateway.journal.records import Counts
from routeiq.gateway.pipeline.prices import Prices
from routeiq.gateway.pipeline.recording import JournalRecorder
from tests.support.journaling import Read, opened, records_of
from tests.support.passing import answer_of, says, turns
from tests.support.prompt_gateway import CHAT, Bench, Waiting, bench, member

PRICE = price_of(costs_in({INPUT: 1e-6, OUTPUT: 2e-6}))
WORD = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
ZEROS = b'{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}'
LAST = b'data: {"choices":[],"usage":%b}\n\ndata: [DONE]\n\n'
STREAM = CHAT[:-1] + b',"stream":true}'
LONG = b'{"choices":[{"message":{"content":"%b"}}],"usage":{"prompt_tokens":3,"completion_tokens":5}}' % (b"word " * 50)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = opened(tmp_path)
    yield made
    assert made.in_flight == 0


async def serving(journal: Journal, *, waits: bool = False) -> Bench:
    kind = {"provider": Waiting} if waits else {}
    return await bench(member(price=PRICE), recorder=JournalRecorder(journal, Prices()), **kind)


def record_of(journal: Journal) -> Read:
    (record,) = records_of(journal.shelf)
    return record


def streamed(*frames: bytes) -> bytes:
    body = b"".join(frames)
    return b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize(
    ("said", "counts"),
    [
        (ZEROS, Counts(8, 3)),
        (b'{"prompt_tokens":7,"completion_tokens":0}', Counts(7, 3)),
        (b'{"prompt_tokens":7,"completion_tokens":2}', Counts(7, 2)),
    ],
)
async def test_words_that_are_said_to_be_none_are_counted(
    journal: Journal, said: bytes, counts: Counts, waits: bool
) -> None:
    one = await serving(journal, waits=waits)
    one.pool.script.append(lambda peer: peer.say(streamed(WORD, WORD, WORD, LAST % said)))
    await one.begin(STREAM).ended()
    record = record_of(journal)
    assert (record.counts, record.metered) == (counts, counts.output == 3)
    assert record.cost_nano_usd == 1000 * counts.input + 2000 * counts.output


async def test_an_earlier_report_counts_where_the_last_is_zeros(journal: Journal) -> None:
    one = await serving(journal)
    said = LAST[:-16] % b'{"prompt_tokens":7,"completion_tokens":3}'
    one.pool.script.append(lambda peer: peer.say(streamed(WORD, said, LAST % ZEROS)))
    await one.begin(STREAM).ended()
    assert (record_of(journal).counts, record_of(journal).metered) == (Counts(7, 3), False)


async def test_an_empty_stream_of_zeros_costs_its_prompt(journal: Journal) -> None:
    one = await serving(journal)
    one.pool.script.append(lambda peer: peer.say(streamed(LAST % ZEROS)))
    await one.begin(STREAM).ended()
    assert (record_of(journal).counts.output, record_of(journal).metered) == (0, True)


@pytest.mark.parametrize("waits", [False, True])
async def test_a_whole_answer_of_zeros_is_measured(journal: Journal, waits: bool) -> None:
    one = await serving(journal, waits=waits)
    one.pool.script.append(says(200, LONG.replace(b'{"prompt_tokens":3,"completion_tokens":5}', ZEROS)))
    client = one.begin()
    await client.ended()
    assert (record_of(journal).counts.output, record_of(journal).metered) == (50, True)
    assert "x-litellm-response-cost" not in client.headers


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("missing", [1, 60, 200, len(LONG) - 40, len(LONG)])
async def test_a_client_that_leaves_pays_for_what_came_of_its_answer(
    journal: Journal, missing: int, waits: bool
) -> None:
    one = await serving(journal, waits=waits)
    sent = answer_of(200, LONG)[: -missing or None]
    one.pool.script.append(lambda peer: peer.say(sent))
    client = one.begin()
    await turns()
    client.leave()
    await turns(10)
    record, words = record_of(journal), sent.count(b"word ")
    assert (record.status, record.error) == (499, "client_disconnected")
    assert words <= record.counts.output <= words + 1
    assert record.metered == (record.counts.output > 0) == bool(record.cost_nano_usd)


async def test_a_refusal_that_nobody_waits_for_costs_nothing(journal: Journal) -> None:
    one = await serving(journal)
    one.pool.script.append(lambda peer: peer.say(answer_of(429, LONG)[:-5]))
    client = one.begin()
    await turns()
    client.leave()
    assert record_of(journal).cost_nano_usd == 0
