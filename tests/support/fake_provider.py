"""A provider that is not there: OpenAI's and Anthropic's APIs in a process of its own, with failures on demand.

Run: `python tests/support/fake_provider.py --port 0`; it prints `{"url": "http://127.0.0.1:PORT", "pid": PID}` and
serves until killed (with `--watch-stdin`, until its standard input ends, so it dies with whoever started it, even by
kill -9).

Serves `/v1/chat/completions`, `/v1/completions`, `/v1/responses`, `/v1/embeddings`, `/v1/models`, `/v1/messages`; the
OpenAI ones also without `/v1` and under `/openai/deployments/{model}`. A behaviour is chosen by the header
`x-fake-behaviour`, else by the model: its name, or what follows `--` in it (`gpt--gzip`):

    die-before        closes the connection instead of answering
    die-mid-stream    aborts the connection in the middle of the body, unary or stream
    not-http          answers with bytes that are no HTTP
    garbage           200 with a body that is neither JSON nor SSE, but says it is
    slow-head         waits 300 s before the status line
    stall             a stream that stops after two events and says no more; a unary body that stops half-way
    paced             20 ms between two events
    gzip              a compressed body
    gzip-cut          a compressed body that ends early
    html-error        502 with an HTML page
    list-error        400 with an error in a list, as Google does
    detail-error      422 with FastAPI's `{"detail": ...}`
    redirect          302 to another path
    no-done           a stream that ends without its last event
    error-event       a stream that turns into an error event after its first delta
    echo              says what the last message says, after up to 20 ms
    tool              calls the tool `get_weather` instead of talking
    status-NNN        that status with an error in the API's own shape; 429 and 503 with `retry-after: 7`; a 401 quotes
                      the key

`GET /__last` and `/__log` give the requests received (`{method, path, query, headers, body}`), `GET /__state` how many
calls are open and how many clients left theirs. `POST /__reset` forgets all of it. Every answer sets a cookie.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import sys
import zlib
from array import array
from collections import deque
from typing import cast

from aiohttp import web
from fake_answers import (  # its neighbour: this runs as a script
    JSON,
    Call,
    anthropic_events,
    anthropic_message,
    completion,
    openai_events,
    response,
    response_events,
    text_completion,
    text_events,
)
from fake_refusals import HEADERS, abort, refusal


class Record:
    """What came in."""

    def __init__(self) -> None:
        self.requests: deque[JSON] = deque(maxlen=1000)
        self.open = 0
        self.left = 0


RECORD = web.AppKey("record", Record)


async def chat(call: Call) -> web.StreamResponse:
    """`/chat/completions`."""
    if call.is_("echo"):
        await asyncio.sleep(random.uniform(0, 0.02))
    if not call.streams:
        return await send_json(call, completion(call))
    return await send_stream(call, openai_events(call))


async def messages(call: Call) -> web.StreamResponse:
    """Anthropic's `/v1/messages`."""
    if not call.streams:
        return await send_json(call, anthropic_message(call))
    return await send_stream(call, anthropic_events(call))


async def completions(call: Call) -> web.StreamResponse:
    """`/completions`."""
    if not call.streams:
        return await send_json(call, text_completion(call))
    return await send_stream(call, text_events(call))


async def responses(call: Call) -> web.StreamResponse:
    """OpenAI's `/responses`."""
    if not call.streams:
        return await send_json(call, response(call))
    return await send_stream(call, response_events(call))


async def embeddings(call: Call) -> web.StreamResponse:
    """`/embeddings`: a vector that counts from 0, floats or base64."""
    given = call.body.get("input")
    count = len(given) if isinstance(given, list) and not isinstance(given[0], int) else 1
    dimensions = int(str(call.body.get("dimensions", 8)))
    vector = [place / dimensions for place in range(dimensions)]
    value: object = (
        base64.b64encode(array("f", vector).tobytes()).decode()
        if call.body.get("encoding_format") == "base64"
        else vector
    )
    data = [{"object": "embedding", "index": index, "embedding": value} for index in range(count)]
    return await send_json(
        call, {"object": "list", "data": data, "model": call.model, "usage": {"prompt_tokens": 3, "total_tokens": 3}}
    )


async def models(_: web.Request) -> web.Response:
    data = [{"id": "fake", "object": "model", "created": 1, "owned_by": "fake"}]
    return web.json_response({"object": "list", "data": data}, headers=HEADERS)


async def send_json(call: Call, answer: JSON) -> web.StreamResponse:
    """A unary answer, as its behaviour has it."""
    body = json.dumps(answer).encode()
    headers = {**HEADERS, "content-type": "application/json"}
    if call.is_("garbage"):
        body = b"\x00<this is not json>"
    if call.is_("gzip", "gzip-cut"):
        body = compress(body)
        headers["content-encoding"] = "gzip"
    if call.is_("gzip-cut"):
        body = body[: len(body) // 2]
    if call.is_("die-mid-stream", "stall"):
        response = web.StreamResponse(headers={**headers, "content-length": str(len(body))})
        return await send_half(call, response, body)
    return web.Response(body=body, headers=headers)


async def send_half(call: Call, response: web.StreamResponse, body: bytes) -> web.StreamResponse:
    await response.prepare(call.request)
    await response.write(body[: len(body) // 2])
    if call.is_("stall"):
        await asyncio.sleep(3600)
    abort(call.request)
    return response


async def send_stream(call: Call, frames: list[bytes]) -> web.StreamResponse:
    """An event stream, as its behaviour has it."""
    response = web.StreamResponse(headers={**HEADERS, "content-type": "text/event-stream"})
    packer = zlib.compressobj(wbits=31) if call.is_("gzip") else None
    if packer is not None:
        response.headers["content-encoding"] = "gzip"
    await response.prepare(call.request)
    for number, piece in enumerate([b"data: {not json}\n\n"] if call.is_("garbage") else frames):
        if call.is_("no-done") and number == len(frames) - 1:
            break
        if number == 2 and call.is_("stall"):
            await asyncio.sleep(3600)
        if number == 3 and call.is_("die-mid-stream"):
            abort(call.request)
            return response
        await response.write(packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) if packer else piece)
        if call.is_("paced"):
            await asyncio.sleep(0.02)
    if packer is not None:
        await response.write(packer.flush())
    return response


def compress(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(body) + packer.flush()


HANDLERS = {
    "chat/completions": chat,
    "completions": completions,
    "embeddings": embeddings,
    "messages": messages,
    "responses": responses,
}


async def serve(request: web.Request) -> web.StreamResponse:
    """Record, then answer."""
    record = request.app[RECORD]
    raw = await request.text()
    body = cast("JSON", json.loads(raw or "{}"))
    seen = {"method": request.method, "path": request.path, "query": request.query_string, "body": body}
    record.requests.append({**seen, "headers": {name.lower(): value for name, value in request.headers.items()}})
    call = Call(request, body)
    record.open += 1
    try:
        refused = await refusal(call)
        if refused is not None:
            return refused
        return await HANDLERS[request.match_info["operation"]](call)
    except (asyncio.CancelledError, ConnectionError):
        record.left += 1
        raise
    finally:
        record.open -= 1


async def last(request: web.Request) -> web.Response:
    requests = request.app[RECORD].requests
    return web.json_response(requests[-1] if requests else None)


async def log(request: web.Request) -> web.Response:
    return web.json_response(list(request.app[RECORD].requests))


async def state(request: web.Request) -> web.Response:
    record = request.app[RECORD]
    return web.json_response({"open": record.open, "left": record.left})


async def reset(request: web.Request) -> web.Response:
    record = request.app[RECORD]
    record.requests.clear()
    record.left = 0
    return web.Response()


def application() -> web.Application:
    """The application; nothing is open yet."""
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app[RECORD] = Record()
    app.router.add_get("/__last", last)
    app.router.add_get("/__log", log)
    app.router.add_get("/__state", state)
    app.router.add_post("/__reset", reset)
    app.router.add_get("/v1/models", models)
    operation = "{operation:" + "|".join(HANDLERS) + "}"
    for path in (f"/v1/{operation}", f"/{operation}", f"/openai/deployments/{{deployment}}/{operation}"):
        app.router.add_post(path, serve)
    return app


async def main(host: str, port: int, *, watch_stdin: bool) -> None:
    """Serve until told to stop."""
    stop = asyncio.Event()
    runner = web.AppRunner(application(), handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    address = runner.addresses[0]
    sys.stdout.write(json.dumps({"url": f"http://{address[0]}:{address[1]}", "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    if watch_stdin:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    try:
        await stop.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A fake LLM provider.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--watch-stdin", action="store_true")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.host, arguments.port, watch_stdin=arguments.watch_stdin))
