"""What the journal holds of requests that were served, refused, cut short or never made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from routeiq.config.price import INPUT, OUTPUT, costs_in, price_of
from routeiq.config.state import Deployment
from routeiq.gateway.app import create_app
from routeiq.gateway.journal.journal import Journal, JournalFull
from routeiq.gateway.journal.records import Counts
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.prices import Prices
from routeiq.gateway.pipeline.recording import Ended, JournalRecorder, Recording
from routeiq.gateway.plan import Outcome, Plan, Usage
from tests.support.asgi import Answer, Client, call, scope
from tests.support.gateway import AUTH, make_gateway
from tests.support.generating import Upstreams, ask, made, of, provider
from tests.support.journaling import Read, opened, records_of
from tests.support.twins import SSE_HEADERS, TwinProvider, TwinResponse, TwinRouting, decision, deployment, state

PRICE = price_of(costs_in({INPUT: 1e-6, OUTPUT: 2e-6}))
WORD = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
LAST = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5}}\n\n'
MESSAGE = {"model": "small", "messages": [{"role": "user", "content": "x" * 400}]}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = opened(tmp_path)
    yield made
    assert made.in_flight == 0


class Heard:
    """A recorder that remembers what each request came to."""

    def __init__(self, recorder: JournalRecorder, ended: list[Ended]) -> None:
        self._recorder, self._ended = recorder, ended

    def begin(self, context: Context, plan: Plan, identifier: str = "") -> Recording:
        return cast(Recording, HeardRecording(self._recorder.begin(context, plan, identifier), self._ended))


class HeardRecording:
    """One of its."""

    def __init__(self, recording: Recording, ended: list[Ended]) -> None:
        self._recording, self._ended = recording, ended

    def end(self, plan: Plan, outcome: Outcome) -> Ended:
        self._ended.append(self._recording.end(plan, outcome))
        return self._ended[-1]

    def __getattr__(self, name: str) -> object:
        return getattr(self._recording, name)


class Bench:
    """A gateway that writes into a journal."""

    def __init__(self, journal: Journal, *answers: TwinResponse, **fields: object) -> None:
        self._journal = journal
        served = state(deployment("small", price=PRICE, **fields), deployment("large"))
        self.provider = TwinProvider(*answers)
        self.ended: list[Ended] = []
        recorder = Heard(JournalRecorder(journal, Prices()), self.ended)
        self.gateway = make_gateway(served, self.provider, TwinRouting(decision()), recorder=recorder)
        self.edge = create_app(self.gateway)

    async def ask(self, *headers: tuple[str, str], path: str = "/v1/chat/completions", **fields: object) -> Answer:
        body = json.dumps(MESSAGE | fields).encode()
        return await call(self.edge, scope(path=path, headers=[AUTH, *headers]), body)

    @property
    def record(self) -> Read:
        (record,) = records_of(self._journal.shelf)
        return record


def stream(*frames: bytes, breaks: bool = False) -> TwinResponse:
    return TwinResponse(200, frames, SSE_HEADERS, breaks=breaks)


async def test_an_answer_is_written_down(journal: Journal) -> None:
    bench = Bench(journal)
    answer = await bench.ask(("x-request-id", "r1"), ("x-litellm-tags", "a, b,,a"), user="ada")
    record = bench.record
    assert (record.request_id, record.served.endpoint, record.served.requested_model) == (
        "r1",
        "chat/completions",
        "small",
    )
    assert (record.parties.customer_id, record.tags, record.stream) == ("ada", ("a", "b"), False)
    assert (record.decision.id, record.state_version) == (answer.headers["x-routeiq-decision-id"], "c1.s0")
    assert (record.served.model, record.served.deployment_id, record.served.provider) == (
        "small",
        "id-small",
        "simulated",
    )
    assert (record.status, record.error, record.attempts, record.bytes) == (200, "", 1, len(answer.body))
    assert (record.counts, record.metered, record.cost_nano_usd) == (Counts(3, 5), False, 13_000)
    assert record.started_at <= record.ended_at


async def test_who_keeps_accounts_is_told(journal: Journal) -> None:
    bench = Bench(journal)
    await bench.ask()
    (ended,) = bench.ended
    assert (ended.id, ended.journal, ended.sequence) == (bench.record.id, journal.id, 1)
    assert (ended.cost_nano_usd, ended.usage) == (13_000, Usage(3, 5))


async def test_an_unknown_price_is_no_price(journal: Journal) -> None:
    bench = Bench(journal)
    await bench.ask(model="large")
    assert bench.record.cost_nano_usd is None


async def test_a_stream_is_billed_as_its_end_says(journal: Journal) -> None:
    bench = Bench(journal, stream(WORD, WORD, LAST))
    answer = await bench.ask(stream=True)
    record = bench.record
    assert (record.counts, record.metered, record.cost_nano_usd) == (Counts(3, 5), False, 13_000)
    assert record.bytes == len(answer.body)
    assert record.first_data_us > 0


@pytest.mark.parametrize("breaks", [True, False])
async def test_a_stream_without_an_end_is_billed_by_what_came(journal: Journal, breaks: bool) -> None:
    bench = Bench(journal, stream(WORD, WORD, WORD, breaks=breaks))
    await bench.ask(stream=True)
    record = bench.record
    assert (record.counts.output, record.metered) == (3, True)
    assert 100 <= record.counts.input <= 120
    assert record.cost_nano_usd == 1000 * record.counts.input + 2000 * 3


@pytest.mark.parametrize("words", range(5))
async def test_of_a_client_that_leaves_what_came_is_billed(journal: Journal, words: int) -> None:
    bench = Bench(journal, Endless(*[WORD] * words))  # type: ignore[arg-type]  # a response
    client = Client(json.dumps(MESSAGE | {"stream": True}).encode())
    task = asyncio.create_task(bench.edge(scope(headers=[AUTH]), client.receive, client.send))
    await asyncio.sleep(0.02)
    client.leave()
    await task
    record = bench.record
    assert (record.status, record.error, record.attempts) == (499, "client_disconnected", 1)
    assert (record.counts.output, record.metered) == (words, words > 0)
    assert record.cost_nano_usd == (1000 * record.counts.input + 2000 * words if words else 0)


class Endless(TwinResponse):
    """Thinks for ever after its frames."""

    def __init__(self, *frames: bytes) -> None:
        super().__init__(200, frames, SSE_HEADERS)

    async def chunks(self):  # type: ignore[no-untyped-def]
        for part in self._parts:
            yield part
        await asyncio.sleep(3600)


async def test_what_an_upstream_refuses_costs_nothing(journal: Journal) -> None:
    bench = Bench(journal, TwinResponse(400, (b'{"error":{"message":"no","code":"bad"}}',)))
    await bench.ask()
    record = bench.record
    assert (record.status, record.counts, record.cost_nano_usd, record.attempts) == (400, Counts(), 0, 1)


async def test_an_answer_that_does_not_say_is_measured(journal: Journal) -> None:
    bench = Bench(journal, TwinResponse(200, (b'{"choices":[{"message":{"content":"0123456789"}}]}',)))
    await bench.ask()
    record = bench.record
    assert (record.counts.output, record.metered) == (2, True)


async def test_a_request_that_was_refused_before_its_plan_is_none(journal: Journal) -> None:
    bench = Bench(journal)
    assert (await bench.ask(model="nobody")).status == 404
    assert records_of(journal.shelf) == []
    assert bench.ended == []


@pytest.mark.parametrize("named", ["x" * 300, 5, "a\0b"])
async def test_a_customer_that_cannot_be_named_is_nobody(journal: Journal, named: object) -> None:
    bench = Bench(journal)
    await bench.ask(user=named)
    assert bench.record.parties.customer_id == ""


async def test_tags_are_few_and_short(journal: Journal) -> None:
    bench = Bench(journal)
    await bench.ask(("x-litellm-tags", ",".join(f"{number}-" + "y" * 500 for number in range(100))))
    tags = bench.record.tags
    assert len(tags) == 32
    assert max(map(len, tags)) == 128


async def test_an_answer_that_was_given_before_costs_nothing(journal: Journal) -> None:
    served, upstreams = of(provider("p", price=PRICE)), Upstreams()
    gateway = made(served, upstreams, recorder=JournalRecorder(journal, Prices()))
    for _ in range(2):
        await ask(gateway, task_type="chat")
    first, again = records_of(journal.shelf)
    assert (first.served.endpoint, first.parties.customer_id, first.parties.service) == ("generate", "ada", "docs")
    assert (first.parties.task_type, first.cost_nano_usd, first.cached) == ("chat", 13_000, False)
    assert (again.cost_nano_usd, again.cached, again.attempts) == (0, True, 0)
    assert again.counts == first.counts


class Full:
    """No request can be written down."""

    def begin(self, *_: object) -> None:
        raise JournalFull("no room")


@pytest.mark.parametrize(
    ("path", "model", "error"),
    [
        (
            "/v1/chat/completions",
            "small",
            {"message": "no room", "type": "service_unavailable", "param": None, "code": "journal_full"},
        ),
        ("/v1/messages", "claude", {"type": "api_error", "message": "no room"}),
    ],
)
async def test_nobody_spends_what_cannot_be_written_down(path: str, model: str, error: dict[str, object]) -> None:
    upstream = TwinProvider()
    served = state(deployment("small"), deployment("claude", provider="anthropic"))
    gateway = make_gateway(served, upstream, TwinRouting(decision()), recorder=Full())  # type: ignore[arg-type]
    body = json.dumps(MESSAGE | {"model": model, "max_tokens": 5}).encode()
    answer = await call(create_app(gateway), scope(path=path, headers=[AUTH]), body)
    assert (answer.status, answer.headers["retry-after"], upstream.calls) == (503, "1", [])
    assert json.loads(answer.body)["error"] == error


async def test_nor_by_the_other_api() -> None:
    upstreams = Upstreams()
    gateway = made(of(provider("p")), upstreams, recorder=Full())
    answer = await ask(gateway)
    assert (answer.status, json.loads(answer.body), upstreams.calls) == (503, {"detail": "no room"}, [])


def test_terms_say_the_same_later() -> None:
    prices, tiered = Prices(), price_of(costs_in({INPUT: 1e-7, OUTPUT: 3e-6, f"{INPUT}_above_200k_tokens": 1e-6}))
    for price in (PRICE, tiered):
        one = deployment("small", price=price)
        for usage in (Usage(3, 5), Usage(250_000, 7), Usage(10, 20, cache_read=4, reasoning=6)):
            assert prices.cost_by(prices.terms(one), usage) == prices.cost_of(one, usage) is not None


@pytest.mark.parametrize("terms", [b"", b"x", b"\xff" * 20])
def test_terms_that_nobody_can_read_are_no_price(terms: bytes) -> None:
    assert Prices().cost_by(terms, Usage(1, 1)) is None


def test_a_deployment_without_a_price_has_no_terms() -> None:
    one: Deployment = deployment("small")
    assert Prices().cost_by(Prices().terms(one), Usage(1, 1)) is None
