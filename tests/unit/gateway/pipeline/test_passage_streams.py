"""Streams that are asked for before there is a task: what they come to is what the same request comes to as one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from tests.support.passing import Line, hangs_up, silent, turns
from tests.support.prompt_gateway import BUSY, CHAT, DOWN, FALLBACKS, bench, figures, member, shown, told
from tests.support.twins import FRAMES

STREAM = CHAT[:-1] + b',"stream":true}'
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
PAGE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/html\r\n\r\nhi"
LAST = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def streams(*frames: bytes, end: bytes = LAST) -> Line:
    return lambda peer: peer.say(HEAD, *map(chunk, frames), end)


WHOLE = streams(*FRAMES)
SCRIPTS: Mapping[str, Sequence[Line]] = {
    "a stream": [WHOLE],
    "in one read": [lambda peer: peer.say(HEAD + b"".join(map(chunk, FRAMES)) + LAST)],
    "busy, then fine": [BUSY, WHOLE],
    "down for good": [DOWN, DOWN, DOWN, DOWN],
    "stale": [hangs_up, WHOLE],
    "stale, then down": [hangs_up, DOWN, WHOLE],
    "cut in its head": [lambda peer: (peer.say(HEAD[:30]), peer.hang_up())[0], WHOLE],
    "without an event": [streams(), WHOLE],
    "an error at once": [streams(b'data: {"error":{"message":"no","code":429}}\n\n'), WHOLE],
    "a page": [
        lambda peer: peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/html\r\n\r\nhi"),
        WHOLE,
    ],
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
async def test_whatever_comes_ends_as_it_would_as_a_task(script: Sequence[Line]) -> None:
    deployments = member(), member("other", "other")
    early = await bench(*deployments, num_retries=1, fallbacks=FALLBACKS)
    general = await bench(*deployments, num_retries=1, fallbacks=FALLBACKS)
    early.pool.script.extend([*script, WHOLE, WHOLE])
    general.pool.script.extend([*script, WHOLE, WHOLE])
    client = early.begin(STREAM)
    assert client.task is not None
    await client.ended()
    answer = await general.general(STREAM)
    assert (client.status, client.body_sent) == (answer.status, answer.body)
    assert shown(client.headers) == shown(answer.headers)
    assert told(early.outcome) == told(general.outcome)
    assert figures(early, "m", "other") == figures(general, "m", "other")
    assert early.pool.requests == general.pool.requests
    assert early.pool.open_connections == general.pool.open_connections
    assert early.idle


async def test_the_upstream_is_called_before_the_task_runs() -> None:
    one = await bench()
    one.pool.script.append(WHOLE)
    client = one.begin(STREAM)
    assert one.live().in_flight == 1
    await client.ended()
    assert (client.status, one.live().requests, one.idle) == (200, 1, True)


async def test_the_requests_deadline_is_a_504() -> None:
    one = await bench(timeout_s=0.05)
    one.pool.script.append(silent)
    client = one.begin(STREAM)
    await client.ended()
    assert (client.status, one.outcome.error) == (504, "upstream_timeout")
    assert (one.pool.peers[0].closed, one.idle) == (True, True)


@pytest.mark.parametrize("later", [0, 5], ids=["before its task runs", "while the upstream thinks"])
async def test_a_client_that_leaves_closes_its_upstream(later: int) -> None:
    one = await bench()
    one.pool.script.append(silent)
    client = one.begin(STREAM)
    await turns(later)
    client.leave()
    assert client.task is not None
    await asyncio.wait([client.task])
    await turns()
    assert (one.outcome.status, one.outcome.error) == (499, "client_disconnected")
    assert (one.pool.peers[0].closed, one.idle, one.pool.open_connections) == (True, True, 0)


async def test_the_end_of_a_drain_closes_it_too() -> None:
    one = await bench()
    one.pool.script.append(silent)
    client = one.begin(STREAM)
    one.gate.cut()
    await client.ended()
    assert (client.status, one.outcome.status, one.pool.peers[0].closed, one.idle) == (503, 503, True, True)
