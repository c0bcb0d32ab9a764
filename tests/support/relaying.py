"""The client's side of a relayed stream, without a server: an answer that takes parts at once, or only messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from routeiq.gateway.dialects.edits import StreamEdits
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.tally import NO_TALLY
from routeiq.gateway.upstream.http import HTTPClient
from routeiq.gateway.upstream.relay import Begun, Relayed, relay_stream
from routeiq.gateway.upstream.requests import HTTPRequest
from routeiq.kit.asgi import Answer, Message
from routeiq.kit.exchange import RawHeaders, Repeated


class Wire:
    """Remembers what was written. `slow`: it wants a pause after every part, until `resume`."""

    def __init__(self, *, slow: bool = False) -> None:
        self.parts: list[bytes] = []
        self.drains = 0
        self._ready = asyncio.Event()
        if not slow:
            self._ready.set()

    def resume(self) -> None:
        self._ready.set()

    def part(self, data: bytes) -> bool:
        self.parts.append(data)
        return self._ready.is_set()

    async def drain(self) -> None:
        self.drains += 1
        await self._ready.wait()

    def start(self, status: int, headers: RawHeaders, repeated: Repeated, also: Repeated, lines: bytes) -> None:
        """The head is no part."""

    def end(self, last: bytes = b"") -> None:
        if last:
            self.parts.append(last)

    async def send(self, message: Message) -> None:
        """What does not go through the exchange."""
        if message.get("body"):
            self.parts.append(message["body"])

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)


def pushed_answer(wire: Wire) -> Answer:
    """One that offers the wire."""
    return Answer(wire.send, [], wire)  # type: ignore[arg-type]  # as much of an exchange as a stream needs


def plain_answer(wire: Wire) -> Answer:
    """One that does not."""
    return Answer(wire.send, [])


MakeAnswer = Callable[[Wire], Answer]
WAYS: dict[str, MakeAnswer] = {"push": pushed_answer, "generator": plain_answer}


def untouched() -> StreamEdits:
    """Of a stream in which nothing changes."""
    return StreamEdits(Endpoint.CHAT, model=None, hide_usage=False)


async def relay(
    http: HTTPClient, request: HTTPRequest, answer: Answer, relayed: Relayed, edits: StreamEdits | None = None
) -> None:
    """Call and relay, as the pipeline does."""
    response = await http.send(request)
    async with aclosing(response.chunks()) as chunks:  # type: ignore[type-var]  # it is an async generator
        begun = Begun(await anext(chunks), chunks, response)
        await relay_stream(answer, begun, [], edits or untouched(), relayed, NO_TALLY)
    await response.close()
