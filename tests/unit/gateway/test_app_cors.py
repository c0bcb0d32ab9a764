"""Web pages: the edge answers a browser's question, and every answer says who may read it."""

from __future__ import annotations

import pytest

from routeiq.gateway.app import Edge, create_app
from routeiq.kit.cors import CORS
from tests.support.asgi import call, scope
from tests.support.gateway import AUTH, CHAT, edge, make_gateway
from tests.support.http_server import connected, post, serving
from tests.support.twins import (
    FRAMES,
    SSE_HEADERS,
    TwinProvider,
    TwinResponse,
    TwinRouting,
    decision,
    deployment,
    state,
)

APP = ("origin", "https://app.example")
OTHER = ("origin", "https://other.example")
ASKS = [APP, ("access-control-request-method", "POST"), ("access-control-request-headers", "authorization")]


def page_edge(provider: TwinProvider | None = None) -> Edge:
    served = state(deployment("small"), deployment("large"))
    gateway = make_gateway(served, provider or TwinProvider(), TwinRouting(decision("large")))
    return create_app(gateway, CORS(["https://app.example"]))


async def test_a_question_needs_no_key() -> None:
    for path in ("/v1/chat/completions", "/v1/models", "/no/such/path"):
        answer = await call(page_edge(), scope("OPTIONS", path, ASKS))
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, "https://app.example")
        assert answer.headers["access-control-allow-headers"] == "authorization"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/health", "/docs", "/no/such/path"])
@pytest.mark.parametrize("headers", [[], [AUTH]])
async def test_every_answer_says_who_may_read_it(path: str, headers: list[tuple[str, str]]) -> None:
    """Refusals too, so that the page can show them."""
    method = "POST" if "chat" in path else "GET"
    ours = await call(page_edge(), scope(method, path, [APP, *headers]), CHAT)
    assert ours.headers["access-control-allow-origin"] == "https://app.example"
    others = await call(page_edge(), scope(method, path, [OTHER, *headers]), CHAT)
    assert "access-control-allow-origin" not in others.headers
    assert others.headers["vary"] == "origin"


async def test_so_does_a_stream() -> None:
    provider = TwinProvider(TwinResponse(200, FRAMES, SSE_HEADERS))
    answer = await call(page_edge(provider), scope(headers=[APP, AUTH]), CHAT[:-1] + b',"stream":true}')
    assert (answer.status, answer.headers["access-control-expose-headers"]) == (200, "*")


async def test_so_does_what_is_answered_at_once() -> None:
    made = page_edge()
    async with serving(made, at_once=made.at_once) as server, connected(server) as raw:
        lines = [b"%b: %b" % (name.encode(), value.encode()) for name, value in (APP, AUTH)]
        await raw.send(post(CHAT, *lines, path=b"/v1/chat/completions"))
        reply = await raw.reply()
        assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, "https://app.example")
        await raw.send(b"OPTIONS /v1/models HTTP/1.1\r\nhost: x\r\norigin: https://app.example\r\n"
                       b"access-control-request-method: GET\r\n\r\n")  # fmt: skip
        assert (await raw.reply()).status == 204


async def test_without_origins_no_page_may_call() -> None:
    assert (await call(edge(), scope("OPTIONS", headers=ASKS))).status == 401
    answer = await call(edge(), scope(headers=[APP, AUTH]), CHAT)
    assert not [name for name in answer.headers if name.startswith("access-control") or name == "vary"]
