"""Drive an ASGI application by hand: one request, every message of its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from routeiq.kit.asgi import ASGIApp, Message, Scope


@dataclass
class Answer:
    """What came back."""

    messages: list[Message] = field(default_factory=list)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.messages[0]["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(m.get("body", b"") for m in self.messages[1:])


def scope(
    method: str = "POST",
    path: str = "/v1/chat/completions",
    headers: Sequence[tuple[str, str]] = (),
    query: bytes = b"",
) -> Scope:
    """An HTTP scope as a server makes it."""
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers],
        "server": ("127.0.0.1", 4000),
        "client": ("127.0.0.1", 1),
    }


class Client:
    """The caller's side. `leave()` disconnects."""

    def __init__(self, body: bytes = b"", *, chunk: int | None = None) -> None:
        size = chunk or max(len(body), 1)
        pieces = [body[i : i + size] for i in range(0, len(body), size)] or [b""]
        self._incoming = [
            {"type": "http.request", "body": p, "more_body": i < len(pieces) - 1} for i, p in enumerate(pieces)
        ]
        self._left = asyncio.Event()
        self.answer = Answer()

    def leave(self) -> None:
        self._left.set()

    async def receive(self) -> Message:
        if self._incoming:
            return dict(self._incoming.pop(0))
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.answer.messages.append(message)


async def call(app: ASGIApp, request: Scope, body: bytes = b"") -> Answer:
    """One exchange."""
    client = Client(body)
    await app(request, client.receive, client.send)
    return client.answer
