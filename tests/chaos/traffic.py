"""Clients that ask two gateways, unary and streams, and write down what they got, whatever becomes of it."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp

CLIENTS = 12
LIMIT_S = 20.0
LEAVES = 0.1
"""Share of the streams whose client goes away in the middle."""


@dataclass
class Got:
    """One request as its client saw it. `status` 0: no answer."""

    id: str
    key: str
    status: int = 0
    tokens: int = 0
    """Of the answer, in whole events or the whole body: what has surely come."""
    whole: bool = False


@dataclass
class Traffic:
    """`got`: all requests so far, by id."""

    urls: Sequence[str]
    keys: Sequence[str]
    seed: int
    got: dict[str, Got] = field(default_factory=dict)
    stopped: bool = False

    async def run(self) -> None:
        """Until `stopped`."""
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                group.create_task(self._client(session, random.Random(f"{self.seed}-{number}")))

    async def _client(self, session: aiohttp.ClientSession, chance: random.Random) -> None:
        while not self.stopped:
            got = Got(f"chaos-{self.seed}-{len(self.got)}", chance.choice(self.keys))
            self.got[got.id] = got
            try:
                async with asyncio.timeout(LIMIT_S):
                    await self._ask(session, chance, got)
            except (aiohttp.ClientError, OSError, TimeoutError):
                await asyncio.sleep(0.05)

    async def _ask(self, session: aiohttp.ClientSession, chance: random.Random, got: Got) -> None:
        stream = chance.random() < 0.5
        words = "word " * chance.randrange(1, 60)
        body = {
            "model": "priced", "stream": stream, "max_tokens": chance.randrange(1, 40),
            "messages": [{"role": "user", "content": words}],
        }  # fmt: skip
        leaves = chance.randrange(1, 10) if stream and chance.random() < LEAVES else 0
        headers = {"authorization": f"Bearer {got.key}", "x-request-id": got.id}
        url = f"{chance.choice(self.urls)}/v1/chat/completions"
        async with session.post(url, json=body, headers=headers) as answer:
            got.status = answer.status
            if stream and answer.status == 200:
                await _listen(answer, got, leaves)
            else:
                said = json.loads(await answer.read())
                got.tokens = said["usage"]["completion_tokens"] if answer.status == 200 else 0
                got.whole = True
            if answer.status != 200:
                await asyncio.sleep(0.05)


async def _listen(answer: aiohttp.ClientResponse, got: Got, leaves: int) -> None:
    async for line in answer.content:
        if line.startswith(b'data: {"') and b'"content"' in line:
            got.tokens += 1
            if got.tokens == leaves:
                answer.close()
                return
        got.whole = got.whole or line.startswith(b"data: [DONE]")
