"""`/api/v1/generate` over the edge: what is asked of providers, what is answered, who may ask and what."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routeiq.config.state import Deployment
from routeiq.gateway.app import create_app
from routeiq.gateway.upstream.openai_compatible import KINDS, OpenAICompatible
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamResponse, UpstreamTimeout
from routeiq.gateway.upstream.requests import UpstreamRequest
from tests.support.asgi import Client, call, scope
from tests.support.gateway import AUTH
from tests.support.generating import (
    BODY,
    SERVICE,
    TWO,
    Upstreams,
    ask,
    completion,
    made,
    of,
    provider,
    refusal,
    said,
)
from tests.support.twins import TwinResponse
from tests.support.upstream import answer, deployment

REFUSED = {"error": {"message": "no"}}


async def test_the_first_model_of_the_highest_priority_answers() -> None:
    upstreams = Upstreams(high__a=completion("Two."))
    answer = await ask(made(of(*TWO), upstreams))
    found = said(answer)
    assert isinstance(found.pop("latency_ms"), int)
    assert found == {
        "content": "Two.", "provider": "high", "model": "a", "input_tokens": 3, "output_tokens": 5, "cost_usd": None,
        "cached": False,
    }  # fmt: skip
    assert (answer.headers["x-routeiq-strategy"], answer.headers["x-routeiq-model"]) == ("priority", "high/a")
    assert "x-request-id" in answer.headers


async def test_what_is_asked_of_the_model() -> None:
    upstreams = Upstreams()
    await ask(made(of(*TWO), upstreams), system="Be brief.", max_tokens=7, temperature=0.5, json_mode=True)
    (sent,) = upstreams.bodies
    system, user = sent.pop("messages")  # type: ignore[misc]  # JSON
    assert user == {"role": "user", "content": "What is a prime?"}
    assert system["content"].startswith("Be brief.\n\nAnswer with one JSON")
    assert sent == {
        "model": "", "max_tokens": 7, "max_completion_tokens": 7, "temperature": 0.5,
        "response_format": {"type": "json_object"},
    }  # fmt: skip


async def test_each_provider_is_told_the_limit_under_one_name_which_it_knows() -> None:
    http = answer(REFUSED, 500)
    deployments = {"openai": deployment("openai"), "mistral": deployment("mistral")}
    kinds = {kind: OpenAICompatible(http, KINDS[kind]) for kind in deployments}

    class Both(Upstreams):
        async def send(self, request: UpstreamRequest, to: Deployment) -> UpstreamResponse:
            kind = to.provider
            return await kinds[kind].send(request, deployments[kind])

    first = provider("a", provider="openai", priority=20), provider("b", provider="mistral")
    await ask(made(of(*first), Both()), max_tokens=7)
    limits = [
        {name: value for name, value in json.loads(one.body).items() if "tokens" in name} for one in http.requests
    ]
    assert limits == [{"max_completion_tokens": 7}, {"max_tokens": 7}]


async def test_json_is_said_once() -> None:
    upstreams = Upstreams()
    await ask(made(of(*TWO), upstreams), prompt="As JSON, please", json_mode=True)
    assert upstreams.bodies[0]["messages"] == [{"role": "user", "content": "As JSON, please"}]


async def test_ties_of_priority_are_settled_by_name() -> None:
    upstreams = Upstreams()
    await ask(made(of(provider("b"), provider("a")), upstreams))
    assert upstreams.calls == ["a/m"]


@pytest.mark.parametrize(
    "failure", [UpstreamFailed("x"), UpstreamTimeout("x"), refusal(500), refusal(401), refusal(429)]
)
async def test_the_next_provider_by_priority_answers_for_one_that_fails(failure: TwinResponse | Exception) -> None:
    upstreams = Upstreams(high__a=failure)
    answer = await ask(made(of(*TWO, provider("middle", priority=5)), upstreams))
    assert said(answer)["provider"] == "middle"
    assert answer.headers["x-routeiq-attempts"].startswith("high/a=")


async def test_all_are_tried_though_fewer_retries_are_configured() -> None:
    names = [f"p{number}" for number in range(6)]
    upstreams = Upstreams(**{f"{name}__m": refusal(503) for name in names[:-1]})
    assert said(await ask(made(of(*map(provider, names), retries=1), upstreams)))["provider"] == "p5"


async def test_when_all_fail_it_is_502_and_says_who() -> None:
    upstreams = Upstreams(high__a=refusal(500, "inner text"), low__m=UpstreamTimeout("x"))
    answer = await ask(made(of(*TWO), upstreams))
    assert said(answer, 502) == {"detail": "No provider answered: high/a=500,low/m=504."}


async def test_when_all_refuse_more_it_is_429() -> None:
    upstreams = Upstreams(high__a=refusal(429), low__m=refusal(429, **{"retry-after": "90"}))
    answer = await ask(made(of(*TWO), upstreams))
    assert list(said(answer, 429)) == ["detail"]
    assert int(answer.headers["retry-after"]) >= 1


async def test_a_prompt_that_the_model_refuses_is_422() -> None:
    answer = await ask(made(of(*TWO), Upstreams(high__a=refusal(400, "too odd"))))
    assert said(answer, 422)["detail"] == [{"type": "refused_by_model", "loc": ["body", "prompt"], "msg": "too odd"}]


@pytest.mark.parametrize("body", [b'{"choices":[]}', b"{}", b"[]", b"nonsense"])
async def test_an_answer_that_is_none_is_502(body: bytes) -> None:
    assert list(said(await ask(made(of(provider("p")), Upstreams(p__m=TwinResponse(200, [body])))), 502)) == ["detail"]


async def test_without_an_enabled_provider_it_is_503() -> None:
    off = replace(provider("off"), is_enabled=False)
    answer = await ask(made(of(off), Upstreams()))
    assert list(said(answer, 503)) == ["detail"]
    assert answer.headers["retry-after"]


@pytest.mark.parametrize("headers", [(), (("x-service-key", "wrong"),), (("authorization", "Bearer sk-wrong"),)])
async def test_who_has_no_key_is_refused_in_the_words_of_the_specification(
    headers: tuple[tuple[str, str], ...],
) -> None:
    assert said(await ask(made(of(*TWO), Upstreams()), headers), 401) == {"detail": "invalid key"}


async def test_the_administrator_may_ask_too() -> None:
    assert said(await ask(made(of(*TWO), Upstreams()), (AUTH,)))["provider"] == "high"


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"max_tokens": 0}, "max_tokens"), ({"max_tokens": 8001}, "max_tokens"), ({"temperature": -0.1}, "temperature"),
        ({"temperature": 2.1}, "temperature"), ({"prompt": ""}, "prompt"), ({"prompt": None}, "prompt"),
        ({"user_id": ""}, "user_id"), ({"service": "a\0b"}, "service"), ({"json_mode": "perhaps"}, "json_mode"),
    ],
)  # fmt: skip
async def test_a_field_that_breaks_its_rule_is_422_in_fastapis_shape(fields: dict[str, object], where: str) -> None:
    upstreams = Upstreams()
    (problem,) = said(await ask(made(of(*TWO), upstreams), **fields), 422)["detail"]  # type: ignore[misc]  # JSON
    assert problem["loc"] == ["body", where]
    assert problem.keys() == {"type", "loc", "msg"}
    assert upstreams.calls == []


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.dictionaries(st.sampled_from([*BODY, "system", "max_tokens", "temperature", "json_mode", "task_type"]), ODD)
BODIES = st.binary() | ODD.map(json.dumps).map(str.encode) | FIELDS.map(lambda one: json.dumps(BODY | one).encode())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(BODIES)
def test_no_body_is_a_5xx(body: bytes) -> None:
    edge = create_app(made(of(*TWO), Upstreams()))
    answer = asyncio.run(call(edge, scope("POST", "/api/v1/generate", [SERVICE]), body))
    assert answer.status in (200, 422), answer.body
    json.loads(answer.body)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"prompt":"\xff"}', b'{"prompt":"\\ud800"}', b"9" * 10_000, b""])
async def test_no_body_that_is_no_json_is_a_5xx(body: bytes) -> None:
    answer = await call(create_app(made(of(*TWO), Upstreams())), scope("POST", "/api/v1/generate", [SERVICE]), body)
    assert said(answer, 422)["detail"]


async def test_the_pipelines_other_stages_hold() -> None:
    gateway = made(of(*TWO), Upstreams())
    gateway.pipeline.gate.cut()
    answer = await ask(gateway)
    assert (list(said(answer, 503)), answer.headers["retry-after"]) == (["detail"], "1")
    labels = {"endpoint": "generate", "status": "503"}
    assert gateway.registry.get_sample_value("gateway_request_total", labels) == 1


async def test_a_client_that_leaves_ends_the_call_and_is_counted() -> None:
    class Slow(Upstreams):
        async def send(self, request: UpstreamRequest, to: Deployment) -> UpstreamResponse:
            client.leave()
            await asyncio.sleep(5)
            raise AssertionError("it was to be cancelled")

    client = Client(json.dumps(BODY).encode())
    gateway = made(of(*TWO), Slow())
    await create_app(gateway)(scope("POST", "/api/v1/generate", [SERVICE]), client.receive, client.send)
    assert client.answer.messages == []
    labels = {"endpoint": "generate", "status": "499"}
    assert gateway.registry.get_sample_value("gateway_request_total", labels) == 1


async def test_a_crash_is_a_500_without_inner_text() -> None:
    answer = await ask(made(of(*TWO), Upstreams(high__a=ValueError("secret inside"))))
    assert said(answer, 500) == {"detail": "Internal server error"}


async def test_it_is_described() -> None:
    answer = await call(create_app(made(of(*TWO), Upstreams())), scope("GET", "/openapi.json"))
    operation = json.loads(answer.body)["paths"]["/api/v1/generate"]["post"]
    assert set(operation["responses"]) >= {"200", "401", "422", "429", "502", "503"}
