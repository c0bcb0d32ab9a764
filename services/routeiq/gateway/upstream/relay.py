"""Hand an upstream's answer to the client: bytes through, usage read in passing.

A stream's frames are not touched but for what `dialects.edits` names. An upstream that dies in the middle becomes a
last SSE event in the error shape of the endpoint, without what ends a whole answer, so that no SDK takes it for one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec

from routeiq.gateway.dialects.edits import StreamEdits
from routeiq.gateway.dialects.stream_tokens import StreamTokens
from routeiq.gateway.dialects.usage import StreamUsage
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.plan import Usage
from routeiq.gateway.upstream import retry_after
from routeiq.gateway.upstream.http_head import PASSED_ON, AnswerHead
from routeiq.gateway.upstream.provider import PushedResponse, Sink, UpstreamFailed, UpstreamResponse
from routeiq.kit.asgi import Answer
from routeiq.kit.error_bodies import stream_event
from routeiq.kit.errors import RouteIQError
from routeiq.kit.exchange import NONE_REPEATED, Exchange, Repeated
from routeiq.kit.redaction import without
from routeiq.kit.sse import SSEFrameTooLarge

if TYPE_CHECKING:
    from routeiq.gateway.pipeline.tally import Tally

Headers = list[tuple[bytes, bytes]]

WHOLE_KIND, STREAM_KIND = b"application/json", b"text/event-stream"
_KINDS = {kind: kind.decode() for kind in (WHOLE_KIND, STREAM_KIND)}
BROKEN = (UpstreamFailed, SSEFrameTooLarge)
"""What a stream can end with instead of its end."""
STREAMED = ((b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no"))
"""Of every stream: nobody in between holds it back."""


class Begun(NamedTuple):
    """A stream whose first bytes have come. `source`: the answer that `rest` reads from."""

    first: bytes
    rest: AsyncIterator[bytes]
    source: UpstreamResponse | None = None


class Relayed(msgspec.Struct, gc=False):
    """What reached the client, up to date at any time, so that it counts also if the client leaves."""

    bytes_sent: int = 0
    usage: StreamUsage | Usage | None = None
    counted: StreamTokens | None = None
    """Of a stream."""
    error: str = ""
    """Empty for a whole answer."""

    def tokens(self) -> Usage | None:
        """As far as the upstream reported them. Asked at the end: what was kept of a stream is let go."""
        if isinstance(self.usage, StreamUsage):
            self.usage = self.usage.read()
        return self.usage


def passed_on(headers: Mapping[str, str], kind: bytes, secrets: tuple[bytes, ...] = ()) -> Headers:
    """The upstream's headers that a client may see. One that says a secret of the deployment's is left out: what else
    it says came from the same place.

    Args: kind: the media type of what follows, which is known; the upstream may add a charset, and no other."""
    if type(headers) is AnswerHead:
        if headers.is_only(_KINDS.get(kind, "")):
            return [(b"content-type", kind)]
        given = headers.passed_on()
    else:
        given = [
            (line, headers[name].encode("latin-1", "replace")) for name, line in PASSED_ON.items() if name in headers
        ]
    shown = [(b"content-type", kind)]
    for name, value in given:
        if value == kind or without(value, secrets) != value:  # the first is nearly every answer's content type
            continue
        if name == b"content-type":
            if value.partition(b";")[0].strip().lower() == kind:
                shown[0] = (name, value)
        elif name != b"retry-after":
            shown.append((name, value))
        elif wait := retry_after.passed_on(value.decode("latin-1")):
            shown.append((name, wait))
    return shown


async def relay_stream(
    answer: Answer,
    stream: Begun,
    headers: Headers,
    edits: StreamEdits,
    relayed: Relayed,
    tally: Tally,
    repeated: Repeated = NONE_REPEATED,
) -> None:
    """An SSE stream."""
    await answer.start(200, [*headers, *STREAMED], repeated)
    try:
        await _pass(answer, stream, edits, relayed, tally)
        last = last_piece(edits, relayed, tally)
    except BROKEN as failed:
        last = last_event(failed, edits, relayed, tally)
    await answer.end(last)
    relayed.bytes_sent += len(last)


def last_piece(edits: StreamEdits, relayed: Relayed, tally: Tally) -> bytes:
    """What is left at a stream's end, which is about to go out."""
    last, counted, usage = edits.rest(), relayed.counted, relayed.usage
    tally.relaying(len(last), counted.rest() if counted is not None else 0)
    if counted is not None and counted.reports and counted.report and isinstance(usage, StreamUsage):
        usage.add(counted.report)
    return last


def last_event(failed: RouteIQError, edits: StreamEdits, relayed: Relayed, tally: Tally) -> bytes:
    """Of a stream that one of BROKEN has ended."""
    relayed.error = failed.code
    last = b"\n\n" + stream_event(edits.endpoint.errors, failed)
    tally.relaying(len(last), 0)
    return last


async def _pass(answer: Answer, stream: Begun, edits: StreamEdits, relayed: Relayed, tally: Tally) -> None:
    source, exchange = stream.source, answer.exchange
    async with aclosing(stream.rest) as rest:  # type: ignore[type-var]  # every chunks() is an async generator
        if exchange is not None and getattr(source, "pushes", False):  # isinstance looks through a protocol for long
            pushed = cast(PushedResponse, source)
            await _push(stream.first, pushed, exchange, sink_of(exchange.part, edits, relayed, tally))
        else:
            await _pull(stream.first, rest, answer, edits, relayed, tally)


async def _push(first: bytes, source: PushedResponse, exchange: Exchange, sink: Sink) -> None:
    """Each chunk goes from the upstream's socket to the client's in one call; this waits for a slow client only."""
    if not sink(first):
        await exchange.drain()
    while not await source.relay_to(sink):
        await exchange.drain()


async def _pull(
    chunk: bytes, rest: AsyncIterator[bytes], answer: Answer, edits: StreamEdits, relayed: Relayed, tally: Tally
) -> None:
    full: Awaitable[None] | None = None

    def part(out: bytes) -> bool:
        nonlocal full
        full = answer.part(out)
        return True

    sink = sink_of(part, edits, relayed, tally)
    while True:
        sink(chunk)
        if full is not None:
            await full
            full = None
        try:
            chunk = await anext(rest)
        except StopAsyncIteration:
            return


def sink_of(part: Sink, edits: StreamEdits, relayed: Relayed, tally: Tally) -> Sink:
    """What takes a stream's chunks, tells `tally` what they come to, and hands them to `part`."""
    relayed.usage = usage = StreamUsage(edits.endpoint)
    counted = relayed.counted = relayed.counted or StreamTokens(edits.endpoint)
    add, feed, count, relaying = usage.add, edits.feed, counted.add, tally.relaying
    looks = edits.endpoint is not Endpoint.RESPONSES  # of those it is known which event reports

    def pass_on(chunk: bytes) -> bool:
        events, goes_on = count(chunk), True
        reports = counted.reports
        if reports:
            add(chunk if looks else counted.report)
            said = usage.read()
            if said is not None:
                tally.reported(said, final=counted.final)
        out = feed(chunk)
        relaying(len(out), events)
        if out:
            relayed.bytes_sent += len(out)
            goes_on = part(out)
        if looks and not reports:
            add(chunk)
        return goes_on

    return pass_on
