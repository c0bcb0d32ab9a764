"""The edge: ids, keys, error bodies, and what reaches the pipeline."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from routeiq.config.state import FallbackNames, ModelName, RoutingSettings
from routeiq.gateway.app import Edge, create_app
from routeiq.gateway.upstream.provider import UpstreamFailed
from routeiq.kit.asgi import ASGIApp, Message, Receive, Scope, Send
from tests.support.asgi import Client, call, scope
from tests.support.gateway import AUTH, CHAT, edge, error, make_gateway
from tests.support.twins import (
    ANSWER,
    FRAMES,
    SSE_HEADERS,
    TwinProvider,
    TwinResponse,
    TwinRouting,
    decision,
    deployment,
    state,
)

STREAM = CHAT[:-1] + b',"stream":true}'


async def test_a_chat_request_is_answered_and_explained() -> None:
    answer = await call(edge(), scope(headers=[AUTH]), CHAT)
    assert (answer.status, answer.body) == (200, ANSWER)
    assert answer.headers["x-routeiq-model"] == "large"
    assert answer.headers["x-routeiq-strategy"] == "ensemble"
    assert answer.headers["x-routeiq-reason"] == "highest_utility"
    assert answer.headers["x-routeiq-confidence"] == "0.9000"
    assert answer.headers["x-routeiq-artifact"] == "a1"
    assert answer.headers["x-routeiq-version"] == "c1.s0"
    assert "x-routeiq-fallback" not in answer.headers


async def test_a_stream_is_relayed_byte_for_byte() -> None:
    answer = await call(edge(TwinProvider(TwinResponse(200, FRAMES, SSE_HEADERS))), scope(headers=[AUTH]), STREAM)
    assert answer.body == FRAMES[0] + FRAMES[2]
    assert answer.headers["content-type"] == "text/event-stream"


async def test_a_stream_that_asks_for_usage_gets_it() -> None:
    asks = STREAM[:-1] + b',"stream_options":{"include_usage":true}}'
    answer = await call(edge(TwinProvider(TwinResponse(200, FRAMES, SSE_HEADERS))), scope(headers=[AUTH]), asks)
    assert answer.body == b"".join(FRAMES)


async def test_a_stream_that_dies_ends_with_an_error_event() -> None:
    provider = TwinProvider(TwinResponse(200, FRAMES[:1], SSE_HEADERS, breaks=True))
    answer = await call(edge(provider), scope(headers=[AUTH]), STREAM)
    assert answer.status == 200
    last = answer.body.strip().rsplit(b"\n\n", 1)[-1]
    assert json.loads(last.removeprefix(b"data: "))["error"]["code"] == "upstream_failed"
    assert b"[DONE]" not in answer.body


async def test_no_answer_from_upstream_is_a_502_with_the_headers() -> None:
    answer = await call(edge(TwinProvider(UpstreamFailed("no answer"))), scope(headers=[AUTH]), CHAT)
    assert (answer.status, error(answer)["code"]) == (502, "upstream_failed")
    assert answer.headers["x-routeiq-model"] == "large"


async def test_the_next_best_model_is_flagged_as_a_fallback() -> None:
    routing = RoutingSettings(auto_models=(ModelName("small"), ModelName("large")), num_retries=1)
    provider = TwinProvider(UpstreamFailed("x"), TwinResponse())
    answer = await call(edge(provider, routing=routing), scope(headers=[AUTH]), CHAT)
    assert (answer.headers["x-routeiq-model"], answer.headers["x-routeiq-fallback"]) == ("small", "upstream_failed")


@pytest.mark.parametrize("headers", [[], [("authorization", "Bearer wrong")]])
async def test_without_the_key_nothing_is_said(headers: list[tuple[str, str]]) -> None:
    for path in ("/v1/chat/completions", "/v1/models", "/no/such/path"):
        answer = await call(edge(), scope("POST", path, headers), CHAT)
        assert (answer.status, error(answer)["type"], error(answer)["code"]) == (
            401,
            "authentication_error",
            "invalid_api_key",
        )
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_path_without_a_line_is_404_for_who_has_a_key() -> None:
    answer = await call(edge(), scope("GET", "/nope", [AUTH]))
    assert (answer.status, error(answer)["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/chat/completions", "POST"),
        ("OPTIONS", "/v1/embeddings", "POST"),
        ("DELETE", "/v1/models/a/b", "GET, HEAD"),
        ("POST", "/health", "GET, HEAD"),
        ("post", "/v1/chat/completions", "POST"),
    ],
)
async def test_an_unknown_method_of_a_path_is_405_for_who_has_a_key(method: str, path: str, allow: str) -> None:
    answer = await call(edge(), scope(method, path, [AUTH]))
    assert (answer.status, error(answer)["code"], answer.headers["allow"]) == (405, "method_not_allowed", allow)
    assert (await call(edge(), scope(method, path))).status == 401


async def test_what_is_refused_of_messages_has_its_shape() -> None:
    for headers, status, kind in (([AUTH], 405, "invalid_request_error"), ([], 401, "authentication_error")):
        answer = await call(edge(), scope("GET", "/v1/messages", headers))
        body = json.loads(answer.body)
        assert (answer.status, body["type"], body["error"]["type"]) == (status, "error", kind)
    assert "request_id" in body


async def test_a_sent_request_id_is_echoed_and_an_odd_one_replaced() -> None:
    good = await call(edge(), scope("GET", "/health", [("x-request-id", "abc-1.2_3")]))
    odd = await call(edge(), scope("GET", "/health", [("x-request-id", "a b\n")]))
    assert good.headers["x-request-id"] == "abc-1.2_3"
    assert len(odd.headers["x-request-id"]) == 36


async def test_a_body_over_the_limit_is_413() -> None:
    declared = await call(edge(body_limit_bytes=50), scope(headers=[AUTH, ("content-length", "51")]), b"x" * 51)
    streamed = await call(edge(body_limit_bytes=50), scope(headers=[AUTH]), b"x" * 51)
    assert [(a.status, error(a)["code"]) for a in (declared, streamed)] == [(413, "request_too_large")] * 2


async def test_a_body_over_the_limit_is_413_on_every_path() -> None:
    answer = await call(edge(body_limit_bytes=50), scope("POST", "/router/route", [AUTH]), b"x" * 51)
    assert (answer.status, error(answer)["code"]) == (413, "request_too_large")


@pytest.mark.parametrize("query", [b"key=%ff", b"x=%ff", b"key=%c3%a4&key=", b"\xff=1"])
async def test_an_odd_query_is_no_crash(query: bytes) -> None:
    assert (await call(edge(), scope("GET", "/v1/models", query=query))).status == 401
    assert (await call(edge(), scope("GET", "/health", query=query))).status == 200


@pytest.mark.parametrize("text", [b"\xff", b"\xed\xa0\x80", b"\xc3"])
async def test_a_body_that_is_not_utf_8_is_400(text: bytes) -> None:
    answer = await call(edge(), scope(headers=[AUTH]), CHAT.replace(b"hi", text))
    assert (answer.status, error(answer)["code"]) == (400, "invalid_json")


async def test_requests_that_come_together_build_the_api_once_even_if_the_first_leaves() -> None:
    built, go = [], threading.Event()

    def create(_: object, __: object) -> ASGIApp:
        built.append(1)
        go.wait(5)
        return api

    async def api(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    served = Edge(make_gateway(state(deployment()), TwinProvider(), TwinRouting(decision())), create=create)
    first, *others = [asyncio.create_task(call(served, scope("GET", "/docs"))) for _ in range(3)]
    while not built:
        await asyncio.sleep(0.001)
    first.cancel()
    await asyncio.sleep(0)
    go.set()
    assert [answer.status for answer in await asyncio.gather(*others)] == [200, 200]
    assert (await call(served, scope("GET", "/docs"))).status == 200
    assert len(built) == 1


async def test_an_api_that_cannot_be_built_is_built_anew_by_the_next() -> None:
    built = []

    def create(_: object, __: object) -> ASGIApp:
        built.append(1)
        raise OSError("no memory")

    served = Edge(make_gateway(state(deployment()), TwinProvider(), TwinRouting(decision())), create=create)
    assert [(await call(served, scope("GET", "/docs"))).status for _ in range(2)] == [500, 500]
    assert len(built) == 2


async def test_internal_headers_of_a_client_are_dropped() -> None:
    app, seen = edge(), []

    async def api(inner: Scope, receive: Receive, send: Send) -> None:
        seen.extend(inner["headers"])

    app._api = api  # what FastAPI would see
    await call(app, scope("GET", "/docs", [("x-routeiq-internal-principal", "admin"), ("a", "b")]))
    assert seen == [(b"a", b"b")]


async def test_a_crash_is_a_500_without_inner_text() -> None:
    answer = await call(edge(TwinProvider(ValueError("secret inside"))), scope(headers=[AUTH]), CHAT)
    assert (answer.status, error(answer)["message"]) == (500, "Internal server error")


async def test_a_crash_is_counted() -> None:
    gateway = make_gateway(state(deployment("small")), TwinProvider(ValueError("x")), TwinRouting(decision("small")))
    await call(create_app(gateway), scope(headers=[AUTH]), CHAT)
    labels = {"endpoint": "chat/completions", "status": "500"}
    assert gateway.registry.get_sample_value("gateway_request_total", labels)


async def test_a_client_that_leaves_cancels_its_upstream() -> None:
    class Leaves(TwinResponse):
        async def chunks(self):  # type: ignore[no-untyped-def]  # an async generator of bytes
            yield FRAMES[0]
            client.leave()
            for _ in range(100):
                await asyncio.sleep(0.01)
                yield FRAMES[0]

    client, response = Client(STREAM), Leaves(200, (), SSE_HEADERS)
    await edge(TwinProvider(response))(scope(headers=[AUTH]), client.receive, client.send)
    assert response.closed
    assert len(client.answer.messages) < 10


async def test_websockets_are_refused() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    await edge()({"type": "websocket", "path": "/v1/realtime", "headers": []}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_a_configured_fallback_serves() -> None:
    fallbacks = {ModelName("small"): FallbackNames((ModelName("large"),))}
    routing = RoutingSettings(num_retries=0, fallbacks=fallbacks)
    provider = TwinProvider(UpstreamFailed("x"), TwinResponse())
    answer = await call(edge(provider, routing=routing), scope(headers=[AUTH]), CHAT.replace(b"auto", b"small"))
    assert (answer.status, answer.headers["x-routeiq-attempts"]) == (200, "small=502,large=200")
    assert answer.headers["x-litellm-attempted-fallbacks"] == "1"
    assert [one.group for _, one in provider.calls] == ["small", "large"]


async def test_a_new_state_is_followed() -> None:
    gateway = make_gateway(state(deployment("small")), TwinProvider(), TwinRouting(decision("small")))
    gateway.holder.swap(state(deployment("a"), deployment("b")))
    assert len(gateway.figures) == 2


async def test_an_equal_question_is_decided_once_and_says_so() -> None:
    served = edge()
    answers = [await call(served, scope(headers=[AUTH]), CHAT) for _ in range(2)]
    assert [answer.headers.get("x-routeiq-cache") for answer in answers] == [None, "decision"]
    assert len({answer.headers["x-routeiq-decision-id"] for answer in answers}) == 2
