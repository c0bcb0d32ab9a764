"""An upstream that forgives nothing: every byte of a connection must belong to a request as the gateway should send it.

What does not is a violation: a second request hidden behind the first, two lengths, a foreign credential, a body that
is not JSON, a path that no endpoint has.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator

KEY = "sk-of-the-strict-upstream"
PATHS = {f"/v1/{name}" for name in ("chat/completions", "completions", "embeddings", "responses")}
ANSWER = b'{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":1}}'
EVENTS = b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[]}\n\ndata: [DONE]\n\n'


class StrictUpstream:
    """`requests` counts the good ones, `violations` holds the others."""

    def __init__(self) -> None:
        self.requests = 0
        self.violations: list[str] = []
        self.url = ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await self._body(head, reader)
                writer.write(_answer(body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _body(self, head: bytes, reader: asyncio.StreamReader) -> bytes:
        first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        fields = [line.partition(":") for line in lines]
        headers = {name.lower(): value.strip() for name, _, value in fields}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        problems = [*_head_problems(first, fields, headers), *_body_problems(body)]
        self.violations += problems
        self.requests += not problems
        return body

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[StrictUpstream]:
        """On a free port."""
        serving: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            serving.add(asyncio.ensure_future(self._serve(reader, writer)))

        server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=1 << 20)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        try:
            yield self
        finally:
            server.close()
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)


def _head_problems(first: str, fields: list[tuple[str, str, str]], headers: dict[str, str]) -> list[str]:
    parts = first.split(" ")
    found = [] if len(parts) == 3 and parts[0] == "POST" and parts[1] in PATHS else [f"request line {first!r}"]
    repeated = [name for name, count in Counter(name.lower() for name, _, _ in fields).items() if count > 1]
    found += [f"repeated {repeated}"] if repeated else []
    found += [] if headers.get("authorization") == f"Bearer {KEY}" else ["foreign credential"]
    odd = {"transfer-encoding", "cookie", "x-api-key", "api-key"} & headers.keys()
    return found + ([f"odd headers {sorted(odd)}"] if odd else [])


def _body_problems(body: bytes) -> list[str]:
    try:
        parsed = json.loads(body.decode())
    except ValueError:
        return [f"body {body[:80]!r}"]
    return [] if isinstance(parsed, dict) and "model" in parsed else ["body without a model"]


def _answer(body: bytes) -> bytes:
    kind, answer = (b"text/event-stream", EVENTS) if b'"stream":true' in body else (b"application/json", ANSWER)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n" % (kind, len(answer))
    return head + answer
