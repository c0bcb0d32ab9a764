"""Hand an upstream's answer to the client: bytes through, usage read in passing.

A stream's frames are not touched. An upstream that dies in the middle becomes a last SSE event in the
OpenAI error shape, without `[DONE]`, so that no SDK takes the answer for complete.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

import msgspec

from routeiq.gateway.plan import Usage
from routeiq.gateway.upstream.provider import UpstreamFailed
from routeiq.kit.asgi import Send, respond
from routeiq.kit.error_bodies import stream_event
from routeiq.kit.json_errors import UNREADABLE

Headers = list[tuple[bytes, bytes]]

PASSED_ON = ("content-type", "retry-after", "openai-processing-ms", "openai-organization")
_TAIL = 8192


class _Counts(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Answer(msgspec.Struct):
    usage: _Counts | None = None


_answer = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True, slots=True)
class Relayed:
    """What reached the client. `error` is empty for a whole answer."""

    bytes_sent: int
    usage: Usage | None
    error: str = ""


def passed_on(headers: Mapping[str, str]) -> Headers:
    """The upstream's headers that a client may see."""
    return [(name.encode(), headers[name].encode("latin-1")) for name in PASSED_ON if name in headers]


async def relay_whole(send: Send, status: int, body: bytes, headers: Headers) -> Relayed:
    """A unary answer or a refusal."""
    await respond(send, status, body, headers)
    return Relayed(len(body), read_usage(body) if status < 400 else None)


async def relay_stream(send: Send, chunks: AsyncIterator[bytes], headers: Headers) -> Relayed:
    """An SSE stream whose first bytes have already come."""
    head = [*headers, (b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    sent, tail, error = 0, b"", ""
    async with aclosing(chunks) as source:  # type: ignore[type-var]  # every chunks() is an async generator
        try:
            async for chunk in source:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                sent += len(chunk)
                tail = (tail + chunk)[-_TAIL:]
        except UpstreamFailed as failed:
            error = failed.code
            await send({"type": "http.response.body", "body": b"\n\n" + stream_event(failed), "more_body": True})
    await send({"type": "http.response.body", "body": b""})
    return Relayed(sent, stream_usage(tail), error)


def read_usage(body: bytes) -> Usage | None:
    """Tokens of a unary answer; None where the upstream did not report them."""
    try:
        counts = _answer.decode(body).usage
    except UNREADABLE:
        return None
    return Usage(counts.prompt_tokens, counts.completion_tokens) if counts else None


def stream_usage(tail: bytes) -> Usage | None:
    """Tokens from the last event that reports them."""
    for line in reversed(tail.split(b"\n")):
        if line.startswith(b"data:") and b'"usage"' in line:
            usage = read_usage(line[5:].strip())
            if usage is not None:
                return usage
    return None
