"""`/router/route` explains a choice and changes nothing; conversations that it looks at."""

from __future__ import annotations

import json

import pytest

from routeiq.config.state import ModelName, RoutingSettings
from routeiq.gateway.app import Edge, create_app
from tests.support.asgi import call, scope
from tests.support.gateway import AUTH, edge, error, make_gateway
from tests.support.twins import TwinProvider, TwinRouting, decision, deployment, state


async def test_route_explains_without_calling_a_provider() -> None:
    provider = TwinProvider()
    answer = await call(
        edge(provider), scope("POST", "/router/route", [AUTH, ("content-type", "application/json")]), b'{"query":"hi"}'
    )
    body = json.loads(answer.body)
    assert (body["selected_model"], body["confidence"], body["alternatives"]) == (
        "large",
        0.9,
        [{"model": "small", "score": 0.8}],
    )
    assert {"strategy", "version", "reasons", "latency_ms", "candidates_filtered"} <= set(body)
    assert provider.calls == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 400),
        (b"{", 400),
        (b'{"query":7}', 422),
        (b'{"query":"x","model":"nope"}', 404),
        (b'{"query":"x","model":"small"}', 400),
    ],
)
async def test_route_says_what_is_wrong(body: bytes, status: int) -> None:
    answer = await call(edge(), scope("POST", "/router/route", [AUTH, ("content-type", "application/json")]), body)
    assert answer.status == status
    assert error(answer)["message"]


async def test_a_lone_surrogate_is_text_like_any_other() -> None:
    asked = scope("POST", "/router/route", [AUTH])
    assert (await call(edge(), asked, b'{"query":"\\ud800"}')).status == 200


def conversation_edge(routing: TwinRouting, **settings: object) -> Edge:
    served = state(
        deployment("small"),
        deployment("large"),
        routing=RoutingSettings(auto_models=(ModelName("small"), ModelName("large")), switch_margin=1.0, **settings),  # type: ignore[arg-type]  # test data
    )
    return create_app(make_gateway(served, TwinProvider(), routing))


def turn(text: str) -> bytes:
    return json.dumps({"model": "auto", "messages": [{"role": "user", "content": text}]}).encode()


LOOKS = [AUTH, ("content-type", "application/json"), ("x-routeiq-conversation", "c1")]


async def test_a_conversation_keeps_its_model_and_looking_leaves_it_alone() -> None:
    routing = TwinRouting(decision("large"))
    served, headers = conversation_edge(routing), [AUTH, ("x-routeiq-conversation", "c1")]
    await call(served, scope(headers=headers), turn("one"))
    routing.answer = decision("small", ["large"])
    looked = await call(served, scope("POST", "/router/route", LOOKS), b'{"query":"two"}')
    assert (json.loads(looked.body)["selected_model"], json.loads(looked.body)["reasons"]) == ("large", ["sticky"])
    kept = await call(served, scope(headers=headers), turn("two"))
    assert (kept.headers["x-routeiq-model"], kept.headers["x-routeiq-reason"]) == ("large", "sticky")
    alone = await call(served, scope(headers=[AUTH, ("x-routeiq-conversation", "none")]), turn("two"))
    assert alone.headers["x-routeiq-model"] == "small"


async def test_a_look_begins_no_conversation() -> None:
    routing = TwinRouting(decision("large"))
    served, headers = conversation_edge(routing), [AUTH, ("x-routeiq-conversation", "c1")]
    assert (await call(served, scope("POST", "/router/route", LOOKS), b'{"query":"one"}')).status == 200
    routing.answer = decision("small", ["large"])
    assert (await call(served, scope(headers=headers), turn("two"))).headers["x-routeiq-model"] == "small"


async def test_a_document_may_follow_no_conversation() -> None:
    routing = TwinRouting(decision("large"))
    served, headers = conversation_edge(routing, sticky=False), [AUTH, ("x-routeiq-conversation", "c1")]
    await call(served, scope(headers=headers), turn("one"))
    routing.answer = decision("small", ["large"])
    looked = await call(served, scope("POST", "/router/route", LOOKS), b'{"query":"two"}')
    assert json.loads(looked.body)["selected_model"] == "small"
    assert (await call(served, scope(headers=headers), turn("two"))).headers["x-routeiq-model"] == "small"
