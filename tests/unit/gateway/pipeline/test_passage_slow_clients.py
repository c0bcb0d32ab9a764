"""Streams that take no task, for clients that do not take what there is."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.support.passing import turns
from tests.support.prompt_gateway import bench, pair, told
from tests.support.streams import HEAD, LAST, STREAM, chunk, streams
from tests.support.twins import FRAMES


async def test_a_slow_client_keeps_the_upstream_from_being_read() -> None:
    one = await bench()
    one.pool.script.append(streams(FRAMES[0], end=b""))
    client = one.begin(STREAM)
    client.slow = True
    await turns()
    peer = one.pool.peers[0]
    assert (client.parts, peer.paused) == ([FRAMES[0]], True)
    client.drained()
    assert not peer.paused
    client.slow = True
    peer.say(chunk(FRAMES[0]))
    assert (client.parts, peer.paused) == ([FRAMES[0]] * 2, True)
    client.drained()
    peer.say(LAST)
    await turns()
    assert (client.task, one.outcome.status, one.idle, one.pool.open_connections) == (None, 200, True, 1)


@pytest.mark.parametrize("end", [LAST, None], ids=["its end", "a break"])
async def test_what_ends_while_the_client_is_slow_is_told_once_it_has_taken_all(end: bytes | None) -> None:
    passed, general = await pair()
    clients = [one.begin(STREAM) for one in (passed, general)]
    for one, client in zip((passed, general), clients, strict=True):
        await turns()
        peer = one.pool.peers[0]
        peer.say(HEAD + chunk(FRAMES[0]))
        await turns()
        client.slow = True
        peer.say(chunk(FRAMES[2]) + (end or b""))
        await turns()
        if end is None:
            peer.hang_up()
        await turns()
        assert (len(one.ended.outcomes), client.parts) == (0, [FRAMES[0], FRAMES[2]])
        client.drained()
        await client.ended()
        await turns()
    assert clients[0].body_sent == clients[1].body_sent
    assert told(passed.outcome) == told(general.outcome)
    assert (passed.idle, general.idle) == (True, True)


async def test_a_slow_client_is_no_silence_of_the_upstream() -> None:
    one = await bench(timeout_s=0.05)
    one.pool.script.append(streams(FRAMES[0], end=b""))
    client = one.begin(STREAM)
    client.slow = True
    await asyncio.sleep(0.12)
    assert (one.ended.outcomes, one.pool.peers[0].closed) == ([], False)
    client.drained()
    one.pool.peers[0].say(LAST)
    await turns()
    assert (one.outcome.error, one.idle) == ("", True)


async def test_the_gate_may_close_while_the_client_is_slow() -> None:
    one = await bench()
    one.pool.script.append(streams(FRAMES[0], end=b""))
    client = one.begin(STREAM)
    client.slow = True
    await turns()
    one.gate.cut()
    client.drained()
    await client.ended()
    assert json.loads(client.body_sent.rpartition(b"data: ")[2])["error"]["code"] == "shutting_down"
    assert (one.outcome.status, one.outcome.streamed_bytes, one.idle) == (503, len(FRAMES[0]), True)
