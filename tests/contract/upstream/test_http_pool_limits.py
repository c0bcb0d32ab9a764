"""The pooled client at its limit of connections, and at its end: whose turn it is, and that nobody waits for ever."""

from __future__ import annotations

import asyncio

import pytest

from routeiq.gateway.upstream.http_pool import PooledClient
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamTimeout
from routeiq.kit.outbound import Origin, OutboundGuard, OutboundPolicy
from routeiq.kit.outbound.addresses import IPAddress, plain
from tests.support.adversary import STALL, Adversary, adversary
from tests.support.http_clients import HELLO, LATE, ask, ask_all


async def test_calls_beyond_the_limit_wait_for_a_connection(upstream: Adversary) -> None:
    client = PooledClient(max_connections=2)
    upstream.plays(LATE)
    assert await ask_all(client, *[upstream] * 7) == [b"hello"] * 7
    assert (upstream.connections, client.open_connections) == (2, 2)
    await client.close()


async def test_waiting_ends_with_the_calls_time(upstream: Adversary) -> None:
    client = PooledClient(max_connections=1)
    upstream.plays([STALL])
    first = asyncio.ensure_future(ask(client, upstream))
    await asyncio.sleep(0.02)
    with pytest.raises(UpstreamTimeout):
        await ask(client, upstream, timeout_s=0.1)
    first.cancel()
    await asyncio.wait([first])
    upstream.plays([HELLO])
    assert await ask(client, upstream) == b"hello"
    await client.close()


async def test_room_is_made_by_closing_what_others_left_idle(upstream: Adversary) -> None:
    client = PooledClient(max_connections=1)
    async with adversary() as other:
        upstream.plays([HELLO])
        other.plays([HELLO])
        for _ in range(2):
            assert await ask(client, upstream) == b"hello"
            assert await ask(client, other) == b"hello"
        assert (upstream.connections, other.connections, client.open_connections) == (2, 2, 1)
        await client.close()


async def test_who_waits_for_another_upstream_gets_the_room(upstream: Adversary) -> None:
    client = PooledClient(max_connections=1)
    async with adversary() as other:
        upstream.plays(LATE)
        other.plays(LATE)
        assert await ask_all(client, upstream, other, upstream, other, other) == [b"hello"] * 5
        assert (upstream.connections, other.connections) == (2, 2)
        await client.close()


@pytest.mark.parametrize("moment", range(12))
async def test_a_waiting_call_that_is_cancelled_passes_its_turn_on(upstream: Adversary, moment: int) -> None:
    """Before its turn, and about the moment of it."""
    client = PooledClient(max_connections=1)
    async with adversary() as other:
        upstream.plays([HELLO])
        other.plays([HELLO])
        first = asyncio.ensure_future(ask(client, upstream))
        await asyncio.sleep(0)
        second = asyncio.ensure_future(ask(client, (upstream, other)[moment % 2]))
        third = asyncio.ensure_future(ask(client, upstream))
        while not first.done() and moment > 3:
            await asyncio.sleep(0)
        for _ in range(moment):
            await asyncio.sleep(0)
        second.cancel()
        assert await asyncio.gather(first, third) == [b"hello", b"hello"]
        await asyncio.wait([second])
        assert client.open_connections <= 2
        await client.close()


async def test_closing_ends_calls_and_those_who_wait(upstream: Adversary) -> None:
    client = PooledClient(max_connections=1)
    upstream.plays([STALL])
    calls = [asyncio.ensure_future(ask(client, upstream)) for _ in range(3)]
    await asyncio.sleep(0.02)
    await client.close()
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(one, UpstreamFailed) for one in done)
    await upstream.until_closed()


async def test_a_connection_that_comes_after_the_close_is_not_kept(upstream: Adversary) -> None:
    asked = asyncio.Event()

    async def slow(name: str) -> tuple[IPAddress, ...]:
        asked.set()
        await asyncio.sleep(0.05)
        return (plain("127.0.0.1"),)

    client = PooledClient(guard=OutboundGuard(OutboundPolicy(), Origin.DOCUMENT, lookup=slow))
    upstream.plays([HELLO])
    upstream.url = upstream.url.replace("127.0.0.1", "name.test")
    calling = asyncio.ensure_future(ask(client, upstream))
    await asked.wait()
    await client.close()
    with pytest.raises(UpstreamFailed):
        await calling
    await upstream.until_closed()
    assert upstream.requests == []
