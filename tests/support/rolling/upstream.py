"""A provider that says what it was asked with: `python upstream.py PORT`.

The content of every answer is `<model> <path> <key>`, so that it shows which configuration a gateway asked by. A model
whose name begins with `broken` gets 500."""

from __future__ import annotations

import asyncio
import json
import sys

_FAILED = b'{"error": {"message": "broken", "type": "server_error", "param": null, "code": null}}'


def answer(path: str, key: str, model: str) -> tuple[int, bytes]:
    """Status and body."""
    if model.startswith("broken"):
        return 500, _FAILED
    message = {"role": "assistant", "content": f"{model} {path} {key}"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    said = {"id": "c", "object": "chat.completion", "created": 1, "model": model, "choices": [choice], "usage": usage}
    return 200, json.dumps(said).encode()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, request after request."""
    try:
        while True:
            status, body = await _answered(reader)
            head = b"HTTP/1.1 %d -\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            writer.write(head % (status, len(body)) + body)
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def _answered(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = json.loads(await reader.readexactly(int(headers["content-length"])))
    return answer(first.split(" ")[1], headers["authorization"].removeprefix("Bearer "), body["model"])


async def main(port: int) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
