"""The port of the LLM Gateway API serves that alone."""

from __future__ import annotations

import pytest

from routeiq.gateway.routes.api_port import APIPort
from tests.support.asgi import call, scope
from tests.support.gateway import AUTH, CHAT, KEY, edge, error


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/health", "/key/generate", "/api/v1", "/", "/api/v10/x"])
async def test_nothing_else_is_there_for_anybody(path: str) -> None:
    answer = await call(APIPort(edge()), scope("POST", path, [AUTH, ("x-request-id", "mine")]), CHAT)
    assert (answer.status, error(answer)["code"], answer.headers["x-request-id"]) == (404, "not_found", "mine")


async def test_it_is_the_same_api_with_the_same_keys() -> None:
    app = APIPort(edge())
    assert (await call(app, scope("GET", "/api/v1/providers"))).status == 401
    assert (await call(app, scope("GET", "/api/v1/providers", [("authorization", f"Bearer {KEY}")]))).status == 503
