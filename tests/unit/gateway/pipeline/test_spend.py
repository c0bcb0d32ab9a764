"""Budgets and places: who is refused and how, and what is held when a request is over, however it ended."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import msgspec
import pytest

from routeiq.config.state import ModelName
from routeiq.gateway.callers.caller import Budget, Holder
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.context import Call, Context
from routeiq.gateway.plan import Outcome, Usage
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamResponse
from routeiq.kit.principal import Role
from tests.support.asgi import Client, scope
from tests.support.spending import (
    CHAT,
    KEY_HASH,
    LIMITED,
    NANO_A_TOKEN,
    VIRTUAL,
    Priced,
    ask,
    caller,
    figures,
    gateway,
    holder,
)
from tests.support.twins import FRAMES, SSE_HEADERS, TwinProvider, TwinResponse, deployment, state

ONE = 50 * NANO_A_TOKEN
"""What a request with a limit costs."""
STREAM = LIMITED[:-1] + b',"stream":true}'


class Thinking:
    """An upstream that answers when it is told to."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = 0

    async def send(self, *_: object) -> UpstreamResponse:
        self.asked += 1
        await self.go.wait()
        return Priced(50).whole()

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_budget_that_pays_for_three_lets_three_through() -> None:
    key = holder(3 * ONE)
    app, spend, refused = gateway(caller(key))
    answers = [await ask(app) for _ in range(5)]
    assert [one.status for one in answers] == [200, 200, 200, 422, 422]
    assert figures(spend.book, key) == (3 * ONE, 0)
    assert dict(refused.by) == {("budget", "key"): 2}


async def test_what_runs_counts_before_it_has_ended() -> None:
    key, upstream = holder(3 * ONE), Thinking()
    app, spend, _ = gateway(caller(key), upstream)
    running = [asyncio.create_task(ask(app)) for _ in range(10)]
    while sum(one.done() for one in running) < 7:
        await asyncio.sleep(0)
    assert figures(spend.book, key) == (0, 3 * ONE)
    upstream.go.set()
    statuses = sorted([(await one).status for one in running])
    assert (statuses, upstream.asked) == ([200] * 3 + [422] * 7, 3)


async def test_the_refusal_has_litellms_words_and_the_familys_shape() -> None:
    key = holder(ONE, spent=ONE)
    app, _, _ = gateway(caller(key, alias="mine"))
    text = "Budget has been exceeded! Key=mine (sk-...abcd) Current cost: 0.00005, Max budget: 0.00005"
    for path in ("/v1/chat/completions", "/chat/completions"):
        answer = await ask(app, path=path)
        assert answer.status == 422
        expected = {"message": text, "type": "budget_exceeded", "param": None, "code": "budget_exceeded"}
        assert json.loads(answer.body) == {"error": expected}
        assert "retry-after" not in answer.headers


async def test_anthropics_path_has_anthropics_shape() -> None:
    app, _, _ = gateway(caller(holder(0)), kind="anthropic")
    answer = await ask(app, LIMITED, "/v1/messages")
    error = json.loads(answer.body)
    assert (answer.status, error["type"], error["error"]["type"]) == (422, "error", "invalid_request_error")
    assert error["error"]["message"].startswith("Budget has been exceeded! Key=")


async def test_the_llm_gateway_apis_path_has_fastapis_shape() -> None:
    app, spend, _ = gateway(caller(holder(0), role=Role.ADMIN), offered=True)
    asked = b'{"user_id":"u","service":"s","prompt":"hi","max_tokens":50}'
    answer = await ask(app, asked, "/api/v1/generate")
    assert (answer.status, list(json.loads(answer.body))) == (422, ["detail"])
    assert json.loads(answer.body)["detail"].startswith("Budget has been exceeded! Key=")
    rich = holder(2 * ONE, kind="team")
    app, spend, _ = gateway(caller(rich, role=Role.ADMIN), TwinProvider(Priced(50).whole(text=b"hello")), offered=True)
    assert [(await ask(app, asked, "/api/v1/generate")).status for _ in range(3)] == [200, 200, 200]
    assert figures(spend.book, rich) == (ONE, 0)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("key", "Budget has been exceeded! Key=sk-...abcd Current cost: 0, Max budget: 0"),
        ("user", "ExceededBudget: User=user-1 over budget. Spend=0, Budget=0"),
        ("team", "Budget has been exceeded! Team=team-1 Current cost: 0, Max budget: 0"),
        ("member", "Budget has been exceeded! User=user-1 in Team=team-1 Current cost: 0, Max budget: 0"),
    ],
)
async def test_each_holder_is_named(kind: str, text: str) -> None:
    app, _, _ = gateway(caller(holder(1000 * ONE), holder(0, kind=kind)) if kind != "key" else caller(holder(0)))
    assert json.loads((await ask(app)).body)["error"]["message"] == text


async def test_where_something_is_left_it_says_what_the_request_may_cost() -> None:
    app, _, _ = gateway(caller(holder(ONE, spent=1)))
    message = json.loads((await ask(app)).body)["error"]["message"]
    assert message.endswith("Current cost: 0.000000001, Max budget: 0.00005. The request may cost 0.00005")


async def test_a_status_that_clients_try_again_says_when() -> None:
    app, _, _ = gateway(caller(holder(0)), status=429)
    answer = await ask(app)
    assert (answer.status, answer.headers["retry-after"]) == (429, "3600")
    assert json.loads(answer.body)["error"]["type"] == "budget_exceeded"


async def test_a_request_without_a_limit_takes_what_is_left() -> None:
    key, upstream = holder(ONE // 10), Thinking()
    app, spend, _ = gateway(caller(key), upstream)
    first = asyncio.create_task(ask(app, CHAT))
    while not upstream.asked:
        await asyncio.sleep(0)
    assert figures(spend.book, key) == (0, ONE // 10)
    assert (await ask(app, CHAT)).status == 422
    upstream.go.set()
    assert (await first).status == 200
    assert figures(spend.book, key) == (ONE, 0)


async def test_more_requests_at_one_time_than_may_are_refused_until_one_has_ended() -> None:
    key, upstream = holder(None, parallel=2), Thinking()
    app, _, refused = gateway(caller(key), upstream)
    running = [asyncio.create_task(ask(app)) for _ in range(2)]
    while upstream.asked < 2:
        await asyncio.sleep(0)
    answer = await ask(app)
    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    error = json.loads(answer.body)["error"]
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    assert error["message"].startswith(
        f"Rate limit exceeded for api_key: {KEY_HASH}. Limit type: max_parallel_requests."
    )
    assert dict(refused.by) == {("parallel", "key"): 1}
    upstream.go.set()
    assert [(await one).status for one in running] == [200, 200]
    assert (await ask(app)).status == 200


@pytest.mark.parametrize("body", [LIMITED, STREAM])
async def test_an_upstream_that_fails_costs_nothing(body: bytes) -> None:
    key = holder(3 * ONE)
    app, spend, _ = gateway(caller(key), TwinProvider(UpstreamFailed("as the test says")))
    assert (await ask(app, body)).status == 502
    assert figures(spend.book, key) == (0, 0)


async def test_a_stream_costs_what_it_reports() -> None:
    key = holder(1000 * ONE)
    app, spend, _ = gateway(caller(key), TwinProvider(TwinResponse(200, FRAMES, SSE_HEADERS)))
    await ask(app, STREAM)
    assert figures(spend.book, key) == (5 * NANO_A_TOKEN, 0)


async def test_a_client_that_leaves_holds_nothing_any_more() -> None:
    key, upstream = holder(3 * ONE, parallel=1), Thinking()
    app, spend, _ = gateway(caller(key), upstream)
    client = Client(LIMITED)
    task = asyncio.create_task(app(scope(headers=[VIRTUAL]), client.receive, client.send))
    while not upstream.asked:
        await asyncio.sleep(0)
    client.leave()
    await asyncio.wait([task])
    assert figures(spend.book, key) == (0, 0)
    upstream.go.set()
    assert (await ask(app)).status == 200


async def test_a_crash_holds_nothing_any_more() -> None:
    key = holder(3 * ONE, parallel=1)
    app, spend, _ = gateway(caller(key), TwinProvider(RuntimeError("as the test says")))
    assert (await ask(app)).status == 500
    assert figures(spend.book, key) == (0, 0)


async def test_a_budget_for_a_model_holds_for_that_model() -> None:
    small = Budget(max_nano_usd=ONE)
    key = Holder("key", KEY_HASH, budgets_by_model={"small": small, "else": Budget(max_nano_usd=0)})
    app, spend, _ = gateway(caller(key))
    assert [(await ask(app)).status for _ in range(2)] == [200, 422]
    message = json.loads((await ask(app)).body)["error"]["message"]
    assert message.startswith("Budget has been exceeded! Key=sk-...abcd Model=small Current cost: 0.00005")
    assert (await ask(app, LIMITED.replace(b"small", b"large"))).status == 200
    assert figures(spend.book, key, "small") == (ONE, 0)


class Written:
    journal, sequence, cost_nano_usd = "journal", 7, 42


async def test_what_another_model_cost_is_not_the_asked_ones() -> None:
    budgets = {"small": Budget(max_nano_usd=ONE), "large": Budget(max_nano_usd=ONE)}
    key = Holder("key", KEY_HASH, budget=Budget(max_nano_usd=ONE), budgets_by_model=budgets)
    _, spend, _ = gateway(caller(key))
    for model in ("large", "small"):
        reserved = spend.reserve_now(_context(key), [deployment(model, input_price=0.0, output_price=1e-9)])
        assert reserved is not None
    reserved.over(Outcome(200, deployment("large"), (), Usage(1, 1), 1, fallback="upstream_failed"), Written())
    assert figures(spend.book, key)[1] == 50 + 42
    assert figures(spend.book, key, "small") == (0, 0)
    assert figures(spend.book, key, "large") == (0, 50 + 42)


async def test_an_alias_is_no_way_past_a_budget_for_a_model() -> None:
    key = Holder("key", KEY_HASH, budgets_by_model={"small": Budget(max_nano_usd=ONE)})
    _, spend, _ = gateway(caller(key))
    behind = replace(deployment("ali", input_price=0.0, output_price=1e-9), entry=ModelName("small"))
    reserved = spend.reserve_now(_context(key), [behind])
    assert reserved is not None
    assert figures(spend.book, key, "small") == (0, 50)
    reserved.over(Outcome(200, behind, (), Usage(1, 1), 1), Written())
    assert figures(spend.book, key, "small") == (0, 42)


async def test_who_has_no_budget_has_no_account() -> None:
    app, spend, _ = gateway(caller(Holder("team", "team-1")))
    assert (await ask(app)).status == 200
    assert not list(spend.book.own.names())


async def test_what_a_caller_has_spent_before_counts() -> None:
    app, _, _ = gateway(caller(holder(3 * ONE, spent=2 * ONE)))
    assert [(await ask(app)).status for _ in range(2)] == [200, 422]


async def test_a_price_that_is_not_known_holds_nothing_and_lets_through() -> None:
    key = holder(1)
    _, spend, _ = gateway(caller(key))
    reserved = spend.reserve_now(_context(key), [deployment("small")])
    assert reserved is not None
    reserved.over(Outcome(200, deployment("small"), (), Usage(1, 1), 1))
    assert figures(spend.book, key) == (0, 0)


def _context(key: Holder) -> Context:
    body = msgspec.json.decode(LIMITED, type=dict[str, msgspec.Raw])
    return Context("r", caller(key), state(), Call(Endpoint.CHAT, body, "small", False), {}, 0.0)
