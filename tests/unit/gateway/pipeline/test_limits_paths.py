"""Limits by the minute on every path that reaches a model, and of single models."""

from __future__ import annotations

import json

import pytest

from routeiq.config.state import Mode, ModelName, RoutingSettings, State
from routeiq.gateway.app import Edge, create_app
from routeiq.kit.counters import Limit, MemoryCounters
from tests.support.asgi import Answer
from tests.support.clocks import WallClock
from tests.support.gateway import KEY as MASTER
from tests.support.gateway import make_gateway
from tests.support.generating import TWO, Upstreams, made, of, provider, refusal
from tests.support.limited import KEY, MESSAGES, ask, callers, counted, limits
from tests.support.twins import TwinProvider, TwinRouting, decision, deployment, state

GENERATE = {"user_id": "ada", "service": "docs", "prompt": "What is a prime?", "max_tokens": 20}
CHAT = {"messages": MESSAGES}
MODELS = ("small", "large")


@pytest.fixture
def counters() -> MemoryCounters:
    return MemoryCounters(WallClock())


def served() -> State:
    others = (
        deployment("embed", mode=Mode.EMBEDDING),
        deployment("open", provider="openai"),
        deployment("claude", provider="anthropic"),
    )
    routing = RoutingSettings(auto_models=tuple(map(ModelName, MODELS)), num_retries=0)
    return state(*map(deployment, MODELS), *others, routing=routing)


def edge(counters: MemoryCounters, *, closed: bool = False, **fields: object) -> Edge:
    """`auto` chooses `large`."""
    routing = TwinRouting(decision("large"))
    gateway = make_gateway(
        served(), TwinProvider(), routing, callers=callers(**fields), counters=counters, closed=closed
    )
    return create_app(gateway)


def generating(upstreams: Upstreams, counters: MemoryCounters, **fields: object) -> Edge:
    """Virtual keys reach it that are an administrator's."""
    known = callers(role="proxy_admin", **fields)
    return create_app(made(of(*TWO), upstreams, callers=known, counters=counters))


async def statuses(app: Edge, *models: str) -> list[int]:
    return [(await ask(app, {**CHAT, "model": model})).status for model in models]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/chat/completions", CHAT),
        ("/v1/completions", {"prompt": "hi"}),
        ("/engines/small/completions", {"prompt": "hi"}),
        ("/openai/deployments/small/chat/completions", CHAT),
        ("/v1/embeddings", {"model": "embed", "input": "hi"}),
        ("/v1/responses", {"model": "open", "input": "hi"}),
        ("/v1/messages", {**CHAT, "model": "claude", "max_tokens": 5}),
    ],
)
async def test_all_paths_are_one_limit(path: str, body: dict[str, object], counters: MemoryCounters) -> None:
    app = edge(counters, limits=limits(rpm=2, tpm=1000))
    first = await ask(app, {"model": "small", **body}, path)
    assert (first.status, first.headers["x-ratelimit-remaining"]) == (200, "1")
    assert await statuses(app, "small", "small") == [200, 429]
    refused = await ask(app, {"model": "small", **body}, path)
    assert (refused.status, refused.headers["x-ratelimit-remaining"]) == (429, "0")
    error = json.loads(refused.body)
    if path == "/v1/messages":
        assert (error["type"], error["error"]["type"]) == ("error", "rate_limit_error")
        assert error["error"]["message"].startswith("Rate limit exceeded for api_key: ")
    else:
        assert error["error"]["code"] == "rate_limit_exceeded"


async def test_the_master_key_has_no_limits(counters: MemoryCounters) -> None:
    app = edge(counters, limits=limits(rpm=0))
    answer = await ask(app, {**CHAT, "model": "small"}, key=MASTER)
    assert (answer.status, "x-ratelimit-limit" in answer.headers) == (200, False)


async def test_a_limit_by_model_is_of_that_model(counters: MemoryCounters) -> None:
    app = edge(counters, limits=limits(rpm_by_model={"large": 1}, tpm_by_model={"large": 500}))
    assert await statuses(app, "small", "large", "small", "large") == [200, 200, 200, 429]
    free, refused = [await ask(app, {**CHAT, "model": model}) for model in ("small", "large")]
    assert "x-ratelimit-limit" not in free.headers
    assert refused.headers["x-ratelimit-model_per_key-remaining-requests"] == "0"
    assert refused.headers["x-ratelimit-model_per_key-limit-tokens"] == "500"
    assert b"exceeded for model_per_key: " in refused.body
    assert b":large. Limit type: requests." in refused.body


@pytest.mark.parametrize("asked", ["mine", "auto"])
async def test_no_other_name_leads_past_it(asked: str, counters: MemoryCounters) -> None:
    app = edge(counters, limits=limits(rpm_by_model={"large": 1}), aliases={"mine": "large"})
    assert await statuses(app, asked, asked, "large") == [200, 429, 429]


async def test_two_models_with_limits_are_counted_both_and_said_once(counters: MemoryCounters) -> None:
    app = edge(counters, limits=limits(rpm_by_model={"large": 9, "auto": 3}))
    answer = await ask(app, {**CHAT, "model": "auto"})
    assert counted(counters) == [1, 1]
    names = [name for name, _ in answer.messages[0]["headers"]]
    assert len(names) == len(set(names))
    assert answer.headers["x-ratelimit-model_per_key-limit-requests"] == "3"
    assert answer.headers["x-ratelimit-remaining"] == "2"


async def test_for_who_is_over_its_limit_nobody_is_asked_which_model(counters: MemoryCounters) -> None:
    routing = TwinRouting(decision("large"))
    app = create_app(
        make_gateway(served(), TwinProvider(), routing, callers=callers(limits=limits(rpm=0)), counters=counters)
    )
    assert await statuses(app, "auto") == [429]
    assert routing.prompts == []


async def generate(app: Edge, **fields: object) -> Answer:
    return await ask(app, {**GENERATE, **fields}, "/api/v1/generate")


async def test_generate_is_limited_and_says_so_in_its_own_shape(counters: MemoryCounters) -> None:
    upstreams = Upstreams()
    app = generating(upstreams, counters, limits=limits(rpm=1, tpm=1000))
    first = await generate(app)
    assert (first.status, first.headers["x-ratelimit-remaining"]) == (200, "0")
    refused = await generate(app, prompt="another")
    assert refused.status == 429
    assert json.loads(refused.body)["detail"].startswith("Rate limit exceeded for api_key: ")
    assert refused.headers["retry-after"] == "60"
    assert len(upstreams.calls) == 1


async def test_an_answer_that_was_kept_costs_a_request_and_no_tokens(counters: MemoryCounters) -> None:
    app = generating(Upstreams(), counters, limits=limits(rpm=5, tpm=1000))
    for _ in range(3):
        assert (await generate(app)).status == 200
    assert counted(counters) == [1, 3, 8, 8]  # the provider's request and tokens, and the key's


async def test_what_a_prompt_was_refused_for_gives_its_tokens_back(counters: MemoryCounters) -> None:
    app = generating(Upstreams(high__a=refusal(400), low__m=refusal(400)), counters, limits=limits(rpm=5, tpm=1000))
    assert (await generate(app)).status == 422
    assert max(counted(counters)) == 1


async def test_what_reached_no_provider_gives_all_back(counters: MemoryCounters) -> None:
    full = provider("full", rpm=1)
    app = create_app(
        make_gateway(
            state(*full.models, providers=(full,)), TwinProvider(), TwinRouting(decision()),
            callers=callers(limits=limits(rpm=5, tpm=1000)), counters=counters,
        )
    )  # fmt: skip
    counters.take([Limit("provider:full:requests", 1)])
    answer = await ask(app, {**CHAT, "model": "full/m"})
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (429, "provider_rate_limited")
    assert counted(counters) == [1]


def alone() -> MemoryCounters:
    """As with a Redis that is away."""
    counters = MemoryCounters()
    counters.alone = True
    return counters


async def test_alone_it_goes_on_or_refuses_whoever_has_a_limit() -> None:
    has = limits(rpm=5)
    assert await statuses(edge(alone(), limits=has), "small", "auto") == [200, 200]
    closed = edge(alone(), closed=True, limits=has)
    answer = await ask(closed, {**CHAT, "model": "small"})
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert json.loads(answer.body)["error"]["code"] == "limits_unavailable"
    assert await statuses(closed, "auto") == [503]
    assert await statuses(edge(alone(), closed=True), "small", "auto") == [200, 200]
    assert KEY != MASTER
