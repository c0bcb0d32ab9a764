"""A service that owns paths of the gateway."""

from __future__ import annotations

import asyncio

from routeiq.kit.asgi import Message, Receive, Scope, Send, read_body


class FakeOwner:
    """Keeps what it got, and answers as told."""

    def __init__(self) -> None:
        self.seen: list[dict[str, object]] = []
        self.left = asyncio.Event()
        self.answer: list[Message] = [
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]},
            {"type": "http.response.body", "body": b"{}"},
        ]
        self.hang = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(scope, receive, 1 << 30)
        names = {"method": scope["method"], "path": scope["raw_path"].decode(), "query": scope["query_string"].decode()}
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.seen.append({**names, "headers": headers, "body": body})
        for message in self.answer:
            await send(dict(message))
        if self.hang:
            while (await receive())["type"] != "http.disconnect":
                pass
            self.left.set()

    @property
    def last(self) -> dict[str, object]:
        return self.seen[-1]

    @property
    def headers(self) -> dict[str, str]:
        found = self.last["headers"]
        assert isinstance(found, dict)
        return found

    def replies(self, status: int, *headers: tuple[bytes, bytes], body: bytes = b"", more: bool = False) -> None:
        length = [(b"content-length", b"%d" % len(body))] if body and not more else []
        self.answer = [
            {"type": "http.response.start", "status": status, "headers": [*headers, *length]},
            {"type": "http.response.body", "body": body, "more_body": more},
        ]
