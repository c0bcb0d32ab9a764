"""The LLM Gateway API on a port of its own: what is below `/api/v1`, and nothing else of the gateway (contract, 4)."""

from __future__ import annotations

from contextlib import nullcontext

from routeiq.kit.asgi import JSON, Answer, ASGIApp, Receive, Scope, Send, header
from routeiq.kit.error_bodies import openai_body
from routeiq.kit.errors import NotFound
from routeiq.kit.exchange import exchange_of
from routeiq.kit.ids import request_id
from routeiq.kit.lifespan import live

PREFIX = "/api/v1/"


class APIPort:
    """In front of the edge, whose lifespan is another server's."""

    def __init__(self, edge: ASGIApp) -> None:
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await live(nullcontext(), receive, send)
        elif scope["type"] != "http" or scope["path"].startswith(PREFIX):
            await self._edge(scope, receive, send)
        else:
            rid = request_id(header(scope, b"x-request-id"))
            answer = Answer(send, [(b"x-request-id", rid.encode())], exchange_of(scope))
            error = NotFound(f"There is no {scope['method']} {scope['path']} here.")
            await answer.whole(error.status, openai_body(error), [JSON])
