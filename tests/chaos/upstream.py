"""A provider that writes down what it was asked and what it sent: `python upstream.py PORT FILE`.

Each line of FILE is JSON: the request's id, its prompt's tokens, and the tokens of its answer as far as they were
written to the socket. A token is one event of a stream. It says the same again in the answer's `usage`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from typing import Any

BYTES_A_TOKEN = 4
"""Of a prompt's messages, as JSON."""
TOKEN = "tok "
UNLIMITED = 30
"""Tokens of an answer whose request does not say how many."""
PAUSE_S = 0.004
LAST_PAUSE_S = 0.1
"""Before the last token of a stream: for a reader who has left before it to be noticed."""


@dataclass(frozen=True)
class Asked:
    """One request."""

    id: str
    prompt_tokens: int
    tokens: int
    stream: bool

    @classmethod
    def read(cls, headers: dict[str, str], body: dict[str, Any]) -> Asked:
        prompt_tokens = len(json.dumps(body["messages"])) // BYTES_A_TOKEN
        tokens, stream = body.get("max_tokens", UNLIMITED), body.get("stream", False)
        return cls(headers["x-request-id"], prompt_tokens, tokens, stream)

    @property
    def usage(self) -> dict[str, int]:
        total = self.prompt_tokens + self.tokens
        return {"prompt_tokens": self.prompt_tokens, "completion_tokens": self.tokens, "total_tokens": total}


class Book:
    """What was sent, one line each, whole or not at all."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, asked: Asked, sent: int) -> None:
        line = {"id": asked.id, "prompt": asked.prompt_tokens, "sent": sent, "stream": asked.stream}
        os.write(self._file, json.dumps(line).encode() + b"\n")


async def serve(book: Book, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, request after request."""
    try:
        while (asked := await _read(reader)) is not None:
            await (_stream if asked.stream else _whole)(book, asked, writer)
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")[1:]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers["content-length"]))
    return Asked.read(headers, json.loads(body))


async def _whole(book: Book, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """What could not be written is in the book, too: the kernel says only later that nobody took it."""
    book.write(asked, asked.tokens)
    message = {"role": "assistant", "content": TOKEN * asked.tokens}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    said = {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": asked.usage,
    }
    body = json.dumps(said).encode()
    await asyncio.sleep(PAUSE_S)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
    await writer.drain()


async def _stream(book: Book, asked: Asked, writer: asyncio.StreamWriter) -> None:
    sent = 0
    try:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(asked.tokens):
            if sent == asked.tokens - 1:
                await asyncio.sleep(LAST_PAUSE_S)
            sent += 1  # before it is written: what may have reached the gateway may be charged
            writer.write(_event({"choices": [{"index": 0, "delta": {"content": TOKEN}, "finish_reason": None}]}))
            await writer.drain()
            await asyncio.sleep(PAUSE_S)
        writer.write(_event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
        writer.write(_event({"choices": [], "usage": asked.usage}))
        writer.write(_chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        await writer.drain()
    finally:
        book.write(asked, sent)


def _event(said: dict[str, object]) -> bytes:
    whole = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", **said}
    return _chunk(b"data: " + json.dumps(whole).encode() + b"\n\n")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def main(port: int, file: str) -> None:
    book = Book(file)
    server = await asyncio.start_server(lambda r, w: serve(book, r, w), "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
