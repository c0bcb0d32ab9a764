"""What any executor says while it executes: each call before it is made, each piece before it is sent, and what the
upstream says that it comes to before the client knows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from routeiq.config.state import Deployment
from routeiq.gateway.plan import Usage
from routeiq.kit.asgi import Answer, Message
from tests.support.executing import GONE, Calling, Client, Says, member, plan, says, serving
from tests.support.twins import ANSWER, FRAMES

ExecutorOf = Callable[[Calling], Any]
EU, US = member("eu", "m", candidate="m"), member("us", "m", candidate="m")
WORD = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
WORDS = (b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n', WORD, WORD, WORD, *FRAMES[1:])


class Told:
    """All that was said, and beside it what had reached the client by then."""

    def __init__(self, client: Client, provider: Callable[[], int]) -> None:
        self._client, self._calls = client, provider
        self.calls: list[str] = []
        self.sent = self.events = 0
        self.usage: Usage | None = None
        self.said: list[str] = []

    def calling(self, deployment: Deployment) -> None:
        assert self._calls() == len(self.calls), "it is said before"
        self.calls.append(deployment.id)

    def called_off(self) -> None:
        self.calls.pop()

    def relaying(self, sent: int, events: int) -> None:
        self.check()
        self.sent += sent
        self.events += events

    def reported(self, usage: Usage, *, final: bool = True) -> None:
        assert final
        assert ANSWER not in self._client.body
        self.usage = usage

    def check(self) -> None:
        """Nothing has reached the client that was not said."""
        streamed = sum(len(message.get("body", b"")) for message in self._client.messages[1:])
        assert streamed <= self.sent


async def execute(executor_of: ExecutorOf, script: Mapping[str, Sequence[Says]], **fields: Any) -> tuple[Client, Told]:
    calling, client = Calling(serving(EU, US), script), Client()
    executor = executor_of(calling)
    told = Told(client, lambda: len(calling.provider.calls))

    async def send(message: Message) -> None:
        await client.send(message)
        if fields.get("stream") and client.status == 200:
            told.check()

    made = plan(EU, US, clock=calling.clock, **fields)
    task = asyncio.create_task(executor.execute(made, Answer(send, []), client.outcomes.append, told))
    if any(one.hangs for lines in script.values() for one in lines):
        await asyncio.sleep(0.02)
        task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return client, told


async def test_a_whole_answer_is_reported_before_it_is_sent(executor_of: ExecutorOf) -> None:
    client, told = await execute(executor_of, {})
    assert client.body == ANSWER
    assert (told.calls, told.usage) == (["eu"], Usage(3, 5))


async def test_each_call_is_said(executor_of: ExecutorOf) -> None:
    _, told = await execute(executor_of, {"eu": [says(429)], "us": [GONE, Says()]})
    assert told.calls == ["eu", "us", "eu"] or told.calls[:2] == ["eu", "us"]
    assert len(told.calls) >= 3


async def test_a_refusal_is_not_billed(executor_of: ExecutorOf) -> None:
    _, told = await execute(executor_of, {"eu": [says(400, "bad")]})
    assert (told.calls, told.usage, told.events) == (["eu"], None, 0)


async def test_each_piece_of_a_stream_is_said(executor_of: ExecutorOf) -> None:
    client, told = await execute(executor_of, {"eu": [Says(frames=WORDS)]}, stream=True)
    assert (told.calls, told.events, told.usage) == (["eu"], 3, Usage(3, 5))
    assert told.sent == client.outcome.streamed_bytes == len(client.body)


@pytest.mark.parametrize("words", range(4))
async def test_of_a_client_that_left_what_the_upstream_sent_is_said(executor_of: ExecutorOf, words: int) -> None:
    frames = WORDS[: words + 1]
    client, told = await execute(executor_of, {"eu": [Says(frames=frames, hangs=True)]}, stream=True)
    assert (client.outcome.status, told.events, told.usage) == (499, words, None)
    assert told.sent == len(b"".join(frames))


async def test_of_an_upstream_that_died_what_it_sent_is_said(executor_of: ExecutorOf) -> None:
    client, told = await execute(executor_of, {"eu": [Says(frames=WORDS[:3], breaks=True)]}, stream=True)
    assert (client.outcome.error, told.events) == ("upstream_failed", 2)


async def test_an_answer_that_says_nothing_is_measured(executor_of: ExecutorOf) -> None:
    page = b'{"choices":[{"message":{"content":"0123456789"}}]}'
    _, told = await execute(executor_of, {"eu": [Says(page=page)]})
    assert (told.usage, told.events) == (None, 2)
