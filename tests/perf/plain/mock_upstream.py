"""The Python twin of `native/mock_upstream.c`: the same options, the same answers.

Run: `mock_upstream.py PORT[:key=value,...] ...` with the keys delay_us, ttft_us, gap_us, chunks and pad.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass, field
from functools import partial

STREAM = re.compile(rb'"stream"\s*:\s*true')
USAGE = re.compile(rb'"include_usage"\s*:\s*true')
TEXT = "the quick brown fox jumps over a lazy dog, "
BASE = {"id": "chatcmpl-mock00000000000000000001", "created": 1760000000, "model": "gpt-4o-mini"}
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-cache\r\nx-request-id: req_mock\r\ntransfer-encoding: chunked\r\n\r\n"
)


@dataclass
class Behaviour:
    """Of one port. Times are microseconds."""

    port: int
    delay_us: int = 0
    ttft_us: int = 0
    gap_us: int = 0
    chunks: int = 50
    pad: int = 400
    unary: bytes = field(init=False)

    def __post_init__(self) -> None:
        text = (TEXT * (self.pad // len(TEXT) + 1))[: self.pad]
        message = {"role": "assistant", "content": text, "refusal": None}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        usage = {"prompt_tokens": 180, "completion_tokens": 96, "total_tokens": 276}
        self.unary = http(
            json.dumps({**BASE, "object": "chat.completion", "choices": choices, "usage": usage}).encode()
        )

    @classmethod
    def parse(cls, spec: str) -> Behaviour:
        """Raises: ValueError, TypeError: an option that is none."""
        port, _, options = spec.partition(":")
        pairs = (one.partition("=") for one in options.split(",") if one)
        return cls(int(port), **{name: int(value) for name, _, value in pairs})


def http(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_mock\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def event(choices: list[object], **more: object) -> bytes:
    said = {**BASE, "object": "chat.completion.chunk", "choices": choices, **more}
    return chunked(b"data: " + json.dumps(said, separators=(",", ":")).encode() + b"\n\n")


class Upstream(asyncio.Protocol):
    """One connection; requests one after the other."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._buffer = b""
        self._busy = False
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._task:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._advance()

    def _advance(self) -> None:
        while not self._busy:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            found = re.search(rb"\r\ncontent-length:\s*(\d+)", head, re.I)
            length = int(found[1]) if found else 0
            if not end or len(rest) < length:
                return
            self._buffer = rest[length:]
            self._answer(rest[:length])

    def _answer(self, body: bytes) -> None:
        loop = asyncio.get_running_loop()
        if STREAM.search(body):
            self._busy = True
            self._task = loop.create_task(self._stream(bool(USAGE.search(body))))
        elif self._behaviour.delay_us:
            self._busy = True
            loop.call_later(self._behaviour.delay_us / 1e6, self._finish, self._behaviour.unary)
        else:
            self._transport.write(self._behaviour.unary)

    def _finish(self, data: bytes) -> None:
        self._transport.write(data)
        self._busy = False
        self._advance()

    async def _stream(self, usage: bool) -> None:
        loop, how = asyncio.get_running_loop(), self._behaviour
        due = loop.time() + how.ttft_us / 1e6
        await asyncio.sleep(how.ttft_us / 1e6)
        self._transport.write(STREAM_HEAD)
        for _ in range(how.chunks):
            delta = {"content": f"@{time.clock_gettime_ns(time.CLOCK_MONOTONIC)}@ "}
            self._transport.write(event([{"index": 0, "delta": delta, "finish_reason": None}]))
            if how.gap_us:
                due += how.gap_us / 1e6
                await asyncio.sleep(due - loop.time())
        self._finish(self._ending(usage))

    def _ending(self, usage: bool) -> bytes:
        end = event([{"index": 0, "delta": {}, "finish_reason": "stop"}])
        if usage:
            used = self._behaviour.chunks
            end += event([], usage={"prompt_tokens": 180, "completion_tokens": used, "total_tokens": used + 180})
        return end + chunked(b"data: [DONE]\n\n") + b"0\r\n\r\n"


async def main(specs: list[str]) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        for behaviour in map(Behaviour.parse, specs):
            server = await loop.create_server(partial(Upstream, behaviour), "127.0.0.1", behaviour.port, backlog=4096)
            group.create_task(server.serve_forever())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
