"""Clients that ask every gateway in turn, so many times a second whatever becomes of it, and write down the answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import aiohttp

from tests.support.fleet import HEADERS
from tests.support.waiting import PATIENCE_S

LIMIT_S = 60.0
TICK_S = 0.004
MESSAGE = [{"role": "user", "content": "Which configuration is this?"}]


class Answer(NamedTuple):
    """One request as its client saw it. Times are `time.monotonic()`. `status` 0: none came, and `said` is why."""

    number: int
    gateway: int
    begun: float
    ended: float
    status: int
    version: str
    artifact: str
    model: str
    fallback: str
    said: str
    """The content of the message; of a refusal the body."""


def plain(number: int) -> Mapping[str, object]:
    """What is asked for by default: the one model that every version has."""
    return {"model": "m", "max_tokens": 1, "messages": MESSAGE}


@dataclass
class Traffic:
    """`answers`: all so far, as they came. `flowing` runs it."""

    urls: Sequence[str]
    rate: float
    body: Callable[[int], Mapping[str, object]] = plain
    answers: list[Answer] = field(default_factory=list)
    stopped: bool = False
    _latest: dict[int, Answer] = field(default_factory=dict)
    """By gateway: of those that came, the one that was asked for last."""

    @contextlib.asynccontextmanager
    async def flowing(self) -> AsyncIterator[Traffic]:
        """In the background; at the end of the block what is under way is waited for."""
        running = asyncio.create_task(self._run())
        try:
            yield self
        finally:
            self.stopped = True
            await running

    async def until(self, holds: Callable[[Answer], bool], timeout_s: float = PATIENCE_S) -> float:
        """Until the newest answer of each gateway is so. Returns: when, as `time.monotonic()`."""
        end = time.monotonic() + timeout_s
        while not (len(self._latest) == len(self.urls) and all(map(holds, self._latest.values()))):
            if time.monotonic() > end:
                raise AssertionError(f"after {timeout_s} s: {[one[1:] for one in self._latest.values()]}")
            await asyncio.sleep(0.005)
        return time.monotonic()

    def since(self, when: float) -> list[Answer]:
        """Those that were asked for later."""
        return [one for one in self.answers if one.begun >= when]

    async def _run(self) -> None:
        begun, number = time.monotonic(), 0
        connector, limit = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(LIMIT_S)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=limit, headers=HEADERS) as session,
            asyncio.TaskGroup() as group,
        ):
            while not self.stopped:
                while number < (time.monotonic() - begun) * self.rate:
                    group.create_task(self._one(session, number))
                    number += 1
                await asyncio.sleep(TICK_S)

    async def _one(self, session: aiohttp.ClientSession, number: int) -> None:
        gateway, begun = number % len(self.urls), time.monotonic()
        answer = await _ask(session, f"{self.urls[gateway]}/v1/chat/completions", self.body(number))
        made = Answer(number, gateway, begun, time.monotonic(), *answer)
        self.answers.append(made)
        if gateway not in self._latest or self._latest[gateway].begun < begun:
            self._latest[gateway] = made


async def _ask(
    session: aiohttp.ClientSession, url: str, body: Mapping[str, object]
) -> tuple[int, str, str, str, str, str]:
    try:
        async with session.post(url, json=body) as answer:
            raw, names = await answer.read(), ("version", "artifact", "model", "fallback")
            version, artifact, model, fallback = (answer.headers.get(f"x-routeiq-{name}", "") for name in names)
            said = json.loads(raw)["choices"][0]["message"]["content"] if answer.status == 200 else raw.decode()
            return answer.status, version, artifact, model, fallback, said
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, LookupError) as error:
        return 0, "", "", "", "", repr(error)
