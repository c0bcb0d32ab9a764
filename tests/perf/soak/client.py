"""Clients of the soak: one that asks and listens, one that leaves, one that reads slowly."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass

import aiohttp

from tests.perf.soak.judgement import Answer, Ending
from tests.perf.targets.routeiq import KEY
from tests.perf.targets.target import CHAT_PATH

SLOW_PIECE, SLOW_PAUSE_S = 65_536, 0.05
SHOWN = 200


@dataclass(frozen=True)
class Ask:
    """One request. `body` overrides what would be made of the model."""

    model: str
    stream: bool = False
    leave_after: int = 0
    """Bytes after which to go away; 0: stay."""
    slow: bool = False
    body: bytes | None = None
    key: str = KEY
    prompt: str = "Say hello."

    def data(self) -> bytes:
        if self.body is not None:
            return self.body
        said: dict[str, object] = {"model": self.model, "messages": [{"role": "user", "content": self.prompt}]}
        return json.dumps(said | ({"stream": True} if self.stream else {})).encode()


async def ask(session: aiohttp.ClientSession, url: str, what: Ask, limit_s: float) -> Answer:
    """Never raises for what the other side does."""
    begun, status, body = time.monotonic(), 0, b""
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {what.key}"} if what.key else {})
    try:
        async with asyncio.timeout(limit_s + 1):
            async with session.post(url + CHAT_PATH, data=what.data(), headers=headers) as response:
                status = response.status
                body, left = await _read(response, what)
                ending = Ending.LEFT if left else ending_of(body, stream=what.stream and status == 200)
    except (aiohttp.ClientError, OSError) as error:
        ending, body = Ending.CUT, f"{type(error).__name__}: {error}".encode()
    except TimeoutError:
        ending = Ending.CUT
    text = "" if ending in {Ending.WHOLE, Ending.LEFT} else body[-SHOWN:].decode(errors="replace")
    return Answer(status, ending, time.monotonic() - begun, text)


async def _read(response: aiohttp.ClientResponse, what: Ask) -> tuple[bytes, bool]:
    """The body, or its end where it is long; whether we went away."""
    kept, size = b"", 0
    while piece := await response.content.read(SLOW_PIECE):
        kept, size = (kept + piece)[-SLOW_PIECE:], size + len(piece)
        if what.leave_after and size >= what.leave_after:
            response.close()
            return kept, True
        if what.slow:
            await asyncio.sleep(SLOW_PAUSE_S)
    return kept, False


def ending_of(body: bytes, *, stream: bool) -> Ending:
    """What a body is by its last words."""
    if stream:
        last = body.rstrip().rpartition(b"\n")[2].removeprefix(b"data: ")
        return Ending.WHOLE if last == b"[DONE]" and b'"error":' not in body else _object(_error_event(body) or last)
    return _object(body)


def _error_event(body: bytes) -> bytes:
    """The last event of a stream that holds an error, with or without a [DONE] after it."""
    events = [line.removeprefix(b"data: ") for line in body.split(b"\n") if line.startswith(b"data: {")]
    return events[-1] if events and b'"error":' in events[-1] else b""


def _object(text: bytes) -> Ending:
    try:
        said = json.loads(text)
    except ValueError:
        return Ending.ODD if text else Ending.CUT
    if isinstance(said, dict) and isinstance(said.get("error"), dict) and said["error"].get("message"):
        return Ending.ERROR
    return Ending.WHOLE if isinstance(said, dict) and said.get("choices") and said.get("usage") else Ending.ODD
