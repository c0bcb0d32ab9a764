"""`PushedResponse` of the pooled client: what a sink gets, when it gets it, and what becomes of its errors."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from routeiq.gateway.upstream.http_pool import PooledClient
from routeiq.gateway.upstream.provider import PushedResponse, UpstreamFailed
from routeiq.gateway.upstream.relay import Relayed
from tests.support.adversary import RESET, STALL, Adversary, Pause
from tests.support.http_clients import HALF, HELLO, ask, call
from tests.support.relaying import Wire, pushed_answer, relay


class Odd(OSError):
    """An error that the client must not take for one of its own."""


class Sink:
    """Keeps what it gets; at the `bad`-th call it raises or, if `pauses`, wants a pause."""

    def __init__(self, bad: int = 0, *, pauses: bool = False) -> None:
        self.got: list[bytes] = []
        self._bad = bad
        self._pauses = pauses

    def __call__(self, data: bytes) -> bool:
        self.got.append(data)
        if len(self.got) == self._bad and not self._pauses:
            raise Odd
        return len(self.got) != self._bad


@pytest.mark.parametrize("rest", [[b"world"], [Pause(0.03), b"world"], [Pause(0.03), b"wor", Pause(0.03), b"ld"]])
@pytest.mark.parametrize("bad", [0, 1, 2, 3])
async def test_a_sink_gets_all_with_and_without_pauses(
    pool: PooledClient, upstream: Adversary, rest: list[bytes | Pause], bad: int
) -> None:
    upstream.plays([HALF, *rest], [HELLO])
    response = await pool.send(call(upstream))
    await asyncio.sleep(0.01)
    sink, pauses = Sink(bad, pauses=True), 0
    while not await response.relay_to(sink):
        pauses += 1
    assert (b"".join(sink.got), pauses) == (b"helloworld", int(0 < bad <= len(sink.got)))
    assert await response.relay_to(sink)
    assert await ask(pool, upstream) == b"hello"
    assert upstream.connections == 1


@pytest.mark.parametrize("bad", [1, 2])
async def test_what_a_sink_raises_ends_the_answer(pool: PooledClient, upstream: Adversary, bad: int) -> None:
    upstream.plays([HALF, Pause(0.05), b"wor", STALL])
    response = await pool.send(call(upstream))
    with pytest.raises(Odd):
        await response.relay_to(Sink(bad))
    await upstream.until_closed()
    with pytest.raises((Odd, UpstreamFailed)):
        await response.read()


async def test_a_sink_that_raises_at_the_last_byte(pool: PooledClient, upstream: Adversary) -> None:
    upstream.plays([HALF, Pause(0.05), b"world"], [HELLO])
    response = await pool.send(call(upstream))
    with pytest.raises(Odd):
        await response.relay_to(Sink(2))
    await response.close()
    assert await ask(pool, upstream) == b"hello"


async def test_what_the_client_of_a_relay_raises_is_raised(pool: PooledClient, upstream: Adversary) -> None:
    class Broken(Wire):
        def part(self, data: bytes) -> bool:
            if self.parts:
                raise Odd
            return super().part(data)

    upstream.plays([HALF, Pause(0.05), b"wor", STALL])
    with pytest.raises(Odd):
        await relay(pool, call(upstream), pushed_answer(Broken()), Relayed())
    await upstream.until_closed()


async def test_a_break_during_a_pause_comes_after_the_bytes(pool: PooledClient, upstream: Adversary) -> None:
    upstream.plays([HALF, Pause(0.03), b"wor", Pause(0.03), RESET])
    response = await pool.send(call(upstream))
    sink = Sink(1, pauses=True)
    assert not await response.relay_to(sink)
    await asyncio.sleep(0.1)
    with pytest.raises(UpstreamFailed, match="broke off"):
        await response.relay_to(sink)
    assert b"".join(sink.got) in (b"hello", b"hellowor")  # a reset may overtake what was not read


async def test_a_push_fails_when_the_answer_is_closed_elsewhere(pool: PooledClient, upstream: Adversary) -> None:
    upstream.plays([HALF, STALL])
    response = await pool.send(call(upstream))
    pushing = asyncio.ensure_future(response.relay_to(Sink()))
    await asyncio.sleep(0.02)
    await response.close()
    with pytest.raises(UpstreamFailed, match="broke off"):
        await pushing


async def test_a_cancelled_push_closes_the_connection(pool: PooledClient, upstream: Adversary) -> None:
    upstream.plays([HALF, Pause(0.1), b"world"])
    response = await pool.send(call(upstream))
    sink = Sink()
    pushing = asyncio.ensure_future(response.relay_to(sink))
    await asyncio.sleep(0.02)
    pushing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pushing
    await upstream.until_closed()
    await asyncio.sleep(0.1)
    assert sink.got == [b"hello"]


async def test_a_packed_answer_cannot_be_pushed(pool: PooledClient, upstream: Adversary) -> None:
    packed = gzip.compress(b"data: 1\n\n")
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    upstream.plays([head + packed])
    response: PushedResponse = await pool.send(call(upstream))
    assert not response.pushes
    await response.close()
    wire = Wire()
    await relay(pool, call(upstream), pushed_answer(wire), Relayed())
    assert wire.body == b"data: 1\n\n"
