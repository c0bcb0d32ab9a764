"""How long an answer of another service may be."""

from __future__ import annotations

import pytest

from routeiq.gateway.routes.delegate import MAX_ANSWER_BYTES
from routeiq.kit.asgi import Receive, Scope, Send
from tests.integration.test_delegation import ask, passing_on
from tests.support.http_server import connected, serving

PIECE = b"x" * 1024 * 1024
PIECES = MAX_ANSWER_BYTES // len(PIECE) + 1


@pytest.mark.parametrize(("media_type", "whole"), [(b"text/csv; charset=utf-8", True), (b"application/json", False)])
async def test_csv_is_as_long_as_what_was_asked_for(media_type: bytes, whole: bool) -> None:
    async def long(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", media_type)]})
        for _ in range(PIECES):
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    size, last = 0, b""
    async with serving(long) as behind, passing_on(behind) as server, connected(server) as client:
        await client.send(ask(b"GET", b"/spend/logs", b"connection: close"))
        while piece := await client.reader.read(len(PIECE)):
            size, last = size + len(piece), piece[-5:]
    assert last.endswith(b"0\r\n\r\n") is whole
    assert (size > MAX_ANSWER_BYTES) is whole
