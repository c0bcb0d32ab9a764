"""Hand an upstream's answer to the client: bytes through, usage read in passing.

A stream's frames are not touched but for what `dialects.edits` names. An upstream that dies in the middle becomes a
last SSE event in the error shape of the endpoint, without what ends a whole answer, so that no SDK takes it for one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import NamedTuple

from routeiq.gateway.dialects.edits import StreamEdits
from routeiq.gateway.dialects.usage import StreamUsage, read_usage
from routeiq.gateway.plan import Usage
from routeiq.gateway.upstream.provider import UpstreamFailed
from routeiq.kit.asgi import Answer
from routeiq.kit.error_bodies import stream_event
from routeiq.kit.sse import SSEFrameTooLarge

Headers = list[tuple[bytes, bytes]]

PASSED_ON = ("content-type", "retry-after", "openai-processing-ms", "openai-organization", "openai-version")
_STREAMED = ((b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no"))


class Begun(NamedTuple):
    """A stream whose first bytes have come."""

    first: bytes
    rest: AsyncIterator[bytes]


@dataclass(slots=True)
class Relayed:
    """What reached the client, up to date at any time, so that it counts also if the client leaves."""

    bytes_sent: int = 0
    usage: StreamUsage | Usage | None = None
    error: str = ""
    """Empty for a whole answer."""

    def tokens(self) -> Usage | None:
        """As far as the upstream reported them. Asked at the end: what was kept of a stream is let go."""
        if isinstance(self.usage, StreamUsage):
            self.usage = self.usage.read()
        return self.usage


def passed_on(headers: Mapping[str, str]) -> Headers:
    """The upstream's headers that a client may see."""
    return [(name.encode(), headers[name].encode("latin-1")) for name in PASSED_ON if name in headers]


async def relay_whole(answer: Answer, status: int, body: bytes, headers: Headers, relayed: Relayed) -> None:
    """A unary answer or a refusal."""
    await answer.whole(status, body, headers)
    relayed.bytes_sent = len(body)
    relayed.usage = read_usage(body) if status < 400 else None


async def relay_stream(answer: Answer, stream: Begun, headers: Headers, edits: StreamEdits, relayed: Relayed) -> None:
    """An SSE stream."""
    await answer.start(200, [*headers, *_STREAMED])
    try:
        await _pass(answer, stream, edits, relayed)
        last = edits.rest()
    except (UpstreamFailed, SSEFrameTooLarge) as failed:
        relayed.error = failed.code
        last = b"\n\n" + stream_event(edits.endpoint.errors, failed)
    await answer.end(last)
    relayed.bytes_sent += len(last)


async def _pass(answer: Answer, stream: Begun, edits: StreamEdits, relayed: Relayed) -> None:
    usage = relayed.usage = StreamUsage(edits.endpoint)
    send, chunk = answer.send, stream.first
    async with aclosing(stream.rest) as rest:  # type: ignore[type-var]  # every chunks() is an async generator
        while True:
            usage.add(chunk)
            out = edits.feed(chunk)
            if out:
                await send({"type": "http.response.body", "body": out, "more_body": True})
                relayed.bytes_sent += len(out)
            try:
                chunk = await anext(rest)
            except StopAsyncIteration:
                return
