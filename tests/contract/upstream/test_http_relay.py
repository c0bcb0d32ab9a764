"""Streams from the upstream's socket to the client's answer, by the pooled client: pushed, and by its generator."""

from __future__ import annotations

import asyncio
import random
from hashlib import sha256
from itertools import pairwise

import pytest

from routeiq.gateway.dialects.edits import StreamEdits
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.plan import Usage
from routeiq.gateway.upstream.http_pool import PooledClient
from routeiq.gateway.upstream.relay import Relayed
from tests.support.adversary import CLOSE, RESET, STALL, Adversary, Pause, Script, Sign
from tests.support.http_clients import call
from tests.support.relaying import WAYS, MakeAnswer, Wire, plain_answer, pushed_answer, relay
from tests.support.waiting import PATIENCE_S

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5}}\n\n'


@pytest.fixture(params=WAYS)
def make_answer(request: pytest.FixtureRequest) -> MakeAnswer:
    return WAYS[request.param]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def cut(chance: random.Random, body: bytes, at_most: int) -> list[bytes]:
    """At random places."""
    places = sorted({0, len(body), *(chance.randrange(len(body)) for _ in range(chance.randrange(at_most)))})
    return [body[start:end] for start, end in pairwise(places)]


def stream(chance: random.Random, number: int) -> tuple[bytes, Script]:
    """What one upstream says, in chunks that have nothing to do with its events, in segments that fit neither."""
    frames = [b"data: %b\n\n" % chance.randbytes(chance.randrange(300)).hex().encode() for _ in range(6)]
    body = b"id: %d\n\n" % number + b"".join(frames) + USAGE
    encoded = HEAD + b"".join(map(chunk, cut(chance, body, 10))) + END
    return body, cut(chance, encoded, 8)


async def test_a_thousand_streams_arrive_as_they_were_sent(
    pool: PooledClient, upstream: Adversary, make_answer: MakeAnswer
) -> None:
    chance = random.Random(7)
    streams = [stream(chance, number) for number in range(1000)]
    upstream.plays(*[script for _, script in streams])
    sent = [sha256(body).digest() for body, _ in streams]
    room = asyncio.Semaphore(50)

    async def one() -> bytes:
        wire, relayed = Wire(), Relayed()
        async with room:
            await relay(pool, call(upstream, timeout_s=30.0), make_answer(wire), relayed)
        assert (relayed.tokens(), relayed.error, relayed.bytes_sent) == (Usage(3, 5), "", len(wire.body))
        return sha256(wire.body).digest()

    arrived = await asyncio.gather(*[one() for _ in sent])
    assert sorted(arrived) == sorted(sent)
    assert upstream.connections <= 50


async def test_each_read_is_a_part(pool: PooledClient, upstream: Adversary, make_answer: MakeAnswer) -> None:
    """No chunk waits for the next, and none that came together are taken apart."""
    pieces = [b"one", b"two", b"three"]
    later = [step for piece in pieces for step in (chunk(piece[:1]) + chunk(piece[1:]), Pause(0.02))]
    upstream.plays([HEAD, *later, END])
    wire = Wire()
    await relay(pool, call(upstream), make_answer(wire), Relayed())
    assert wire.parts == pieces


async def test_a_hidden_event_is_no_part(pool: PooledClient, upstream: Adversary, make_answer: MakeAnswer) -> None:
    upstream.plays([HEAD, chunk(b"data: 1\n\n"), Pause(0.02), chunk(USAGE), Pause(0.02), chunk(b"data: 2\n\n"), END])
    wire, relayed = Wire(), Relayed()
    hiding = StreamEdits(Endpoint.CHAT, model=None, hide_usage=True)
    await relay(pool, call(upstream), make_answer(wire), relayed, hiding)
    assert wire.body == b"data: 1\n\ndata: 2\n\n"
    assert (relayed.tokens(), relayed.bytes_sent) == (Usage(3, 5), 18)


async def test_a_slow_client_holds_the_upstream_back(pool: PooledClient, upstream: Adversary) -> None:
    """What he does not take stays with the upstream: its script does not get to the end."""
    upstream.plays([HEAD, *[chunk(b"x" * 1_000_000)] * 40, END, CLOSE])
    wire, relayed = Wire(slow=True), Relayed()
    relaying = asyncio.ensure_future(relay(pool, call(upstream), pushed_answer(wire), relayed))
    await asyncio.sleep(0.3)
    assert upstream.open == 1
    assert (len(wire.parts), wire.drains) == (1, 1)
    wire.resume()
    await relaying
    assert (len(wire.body), relayed.bytes_sent) == (40_000_000, 40_000_000)


class Halting(Wire):
    """Wants a pause after every part, a short one."""

    def part(self, data: bytes) -> bool:
        super().part(data)
        return False

    async def drain(self) -> None:
        self.drains += 1
        await asyncio.sleep(0)


@pytest.mark.parametrize("end", [END, CLOSE])
async def test_a_pause_at_every_part_loses_nothing(pool: PooledClient, upstream: Adversary, end: bytes | Sign) -> None:
    body = b"".join(b"data: %d\n\n" % number for number in range(2000))
    upstream.plays([HEAD, *[chunk(body[at : at + 500]) for at in range(0, len(body), 500)], end])
    wire, relayed = Halting(), Relayed()
    await relay(pool, call(upstream), pushed_answer(wire), relayed)
    assert wire.body.startswith(body)
    assert relayed.error == ("" if end is END else "upstream_failed")
    assert wire.drains == len([part for part in wire.parts if b"error" not in part])


@pytest.mark.parametrize("slow", [False, True])
async def test_a_client_that_leaves_closes_the_upstream(
    pool: PooledClient, upstream: Adversary, make_answer: MakeAnswer, slow: bool
) -> None:
    upstream.plays([HEAD, chunk(b"data: 1\n\n"), STALL])
    wire, relayed = Wire(slow=slow), Relayed()
    relaying = asyncio.ensure_future(relay(pool, call(upstream), make_answer(wire), relayed))
    await asyncio.sleep(0.05)
    assert wire.body == b"data: 1\n\n"
    relaying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await relaying
    assert relayed.bytes_sent == 9
    await upstream.until_closed()


@pytest.mark.parametrize("end", [RESET, CLOSE, b"zz\r\n", STALL])
async def test_a_stream_that_breaks_off_says_so(
    pool: PooledClient, upstream: Adversary, make_answer: MakeAnswer, end: bytes | Sign
) -> None:
    upstream.plays([HEAD, chunk(b"data: 1\n\n"), Pause(0.02), chunk(b"data: 2\n\n"), Pause(0.02), end])
    wire, relayed = Wire(), Relayed()
    asked = call(upstream, timeout_s=2.0 if end is STALL else PATIENCE_S)
    await relay(pool, asked, make_answer(wire), relayed)
    assert wire.body.startswith(b'data: 1\n\ndata: 2\n\n\n\ndata: {"error":')
    assert relayed.error == ("upstream_timeout" if end is STALL else "upstream_failed")
    await upstream.until_closed()


async def test_what_came_with_the_break_is_relayed(
    pool: PooledClient, upstream: Adversary, make_answer: MakeAnswer
) -> None:
    upstream.plays([HEAD, chunk(b"data: 1\n\n"), Pause(0.02), chunk(b"data: 2\n\n") + b"zz\r\n", STALL])
    wire = Wire()
    await relay(pool, call(upstream), make_answer(wire), Relayed())
    assert wire.body.startswith(b'data: 1\n\ndata: 2\n\n\n\ndata: {"error":')


async def test_time_runs_from_part_to_part(pool: PooledClient, upstream: Adversary, make_answer: MakeAnswer) -> None:
    upstream.plays([HEAD, *[step for _ in range(5) for step in (chunk(b"data: 1\n\n"), Pause(0.7))], END])
    relayed = Relayed()
    await relay(pool, call(upstream, timeout_s=3.0), make_answer(Wire()), relayed)
    assert (relayed.error, relayed.bytes_sent) == ("", 45)


async def test_time_does_not_run_while_the_client_is_slow(pool: PooledClient, upstream: Adversary) -> None:
    upstream.plays([HEAD, chunk(b"data: 1\n\n"), Pause(4.0), chunk(b"data: 2\n\n"), END])
    wire, relayed = Wire(slow=True), Relayed()
    relaying = asyncio.ensure_future(relay(pool, call(upstream, timeout_s=3.0), pushed_answer(wire), relayed))
    await asyncio.sleep(3.8)
    wire.resume()
    await relaying
    assert (relayed.error, wire.body) == ("", b"data: 1\n\ndata: 2\n\n")


FRAMING = {
    "extension": b"5;" + b"a" * 70_000,
    "trailers": b"0\r\n" + b"X-A: aaaaaaaaaaaaaaaaa\r\n" * 4000,
    "chunk sizes": b"0" * 70_000,
}


@pytest.mark.parametrize("name", FRAMING)
async def test_framing_has_its_bound(
    pool: PooledClient, upstream: Adversary, make_answer: MakeAnswer, name: str
) -> None:
    upstream.plays([HEAD, chunk(b"data: 1\n\n"), Pause(0.02), FRAMING[name], STALL])
    relayed = Relayed()
    await relay(pool, call(upstream), make_answer(Wire()), relayed)
    assert (relayed.error, relayed.bytes_sent > 9) == ("upstream_failed", True)
    await upstream.until_closed()


async def test_an_endless_event_ends_the_relay(
    pool: PooledClient, upstream: Adversary, make_answer: MakeAnswer
) -> None:
    upstream.plays([HEAD, chunk(b"data: 1\n\n"), *[chunk(b"x" * 1_000_000)] * 40, STALL])
    relayed = Relayed()
    renaming = StreamEdits(Endpoint.CHAT, model="alias", hide_usage=False)
    await relay(pool, call(upstream), make_answer(Wire()), relayed, renaming)
    assert relayed.error == "sse_frame_too_large"
    await upstream.until_closed()


async def test_parts_of_an_answer_that_takes_messages_only(pool: PooledClient, upstream: Adversary) -> None:
    upstream.plays([HEAD + chunk(b"data: 1\n\n") + END])
    wire = Wire(slow=True)
    await relay(pool, call(upstream), plain_answer(wire), Relayed())
    assert (wire.body, wire.drains) == (b"data: 1\n\n", 0)
