"""What the pooled client does with its connections: keeps, dials, replaces and closes them."""

from __future__ import annotations

import asyncio
import gzip

import pytest
from structlog.testing import capture_logs

from routeiq.gateway.upstream.http import RequestHeaders
from routeiq.gateway.upstream.http_dial import dial
from routeiq.gateway.upstream.http_pool import PooledClient
from routeiq.gateway.upstream.http_response import PooledResponse
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamTimeout
from routeiq.gateway.upstream.requests import HTTPRequest
from routeiq.kit.outbound import Origin, OutboundGuard, OutboundPolicy, Route, Target
from routeiq.kit.outbound.addresses import IPAddress, plain
from tests.support.adversary import CLOSE, RESET, STALL, Adversary, Pause, Sign, adversary
from tests.support.http_clients import HALF, HELLO, LATE, ask, ask_all, call
from tests.support.waiting import until


@pytest.mark.parametrize("end", [RESET, CLOSE], ids=["reset", "close"])
async def test_a_stale_connection_is_replaced_once(pool: PooledClient, upstream: Adversary, end: Sign) -> None:
    """aiohttp sends no POST twice; ours does if the kept connection died without a byte, as servers' idle limits do."""
    upstream.plays([HELLO], [end], [HELLO])
    assert [await ask(pool, upstream) for _ in range(2)] == [b"hello", b"hello"]
    assert (upstream.connections, len(upstream.requests)) == (2, 3)


async def test_a_stale_connection_is_replaced_only_once(pool: PooledClient, upstream: Adversary) -> None:
    upstream.plays([HELLO], [RESET], [RESET])
    await ask(pool, upstream)
    with pytest.raises(UpstreamFailed, match="could not be reached"):
        await ask(pool, upstream)
    assert len(upstream.requests) == 3


async def test_the_replacement_is_a_fresh_one(pool: PooledClient, upstream: Adversary) -> None:
    """Other kept connections are likely to be as stale."""
    upstream.plays(LATE)
    await ask_all(pool, upstream, upstream)
    upstream.plays([RESET], [HELLO])
    assert await ask(pool, upstream) == b"hello"
    assert upstream.connections == 1


@pytest.mark.parametrize("script", [[RESET], [b"H", RESET], [b"HTTP/1.1 100 Continue\r\n\r\n", RESET], [STALL]])
async def test_nothing_else_is_sent_twice(pool: PooledClient, upstream: Adversary, script: list[bytes | Sign]) -> None:
    fresh = script == [RESET]
    upstream.plays(script if fresh else [HELLO], script)
    if not fresh:
        await ask(pool, upstream)
    with pytest.raises(UpstreamFailed):
        await ask(pool, upstream, timeout_s=2.0)
    assert len(upstream.requests) == (1 if fresh else 2)


async def test_the_newest_connection_is_taken_first_and_idle_ones_are_closed(upstream: Adversary) -> None:
    client = PooledClient(idle_s=2.0)
    upstream.plays(LATE)
    await ask_all(client, upstream, upstream, upstream)

    async def one_is_left() -> bool:
        await ask(client, upstream)
        return upstream.open == 1

    await until(one_is_left)
    assert upstream.connections == 3
    await upstream.until_closed()
    assert client.open_connections == 0
    await client.close()


@pytest.mark.parametrize(("last", "unasked"), [(CLOSE, 0), (b"more", 1), (HELLO, 1)])
async def test_an_idle_connection_that_speaks_or_ends_is_closed(
    pool: PooledClient, upstream: Adversary, last: bytes | Sign, unasked: int
) -> None:
    upstream.plays([HELLO, Pause(0.02), last])
    with capture_logs() as logs:
        await ask(pool, upstream)
        await upstream.until_closed()
        await asyncio.sleep(0.01)
    assert pool.open_connections == 0
    port = int(upstream.url.split("/")[2].split(":")[1])
    warning = {"event": "upstream.spoke_unasked", "log_level": "warning", "host": "127.0.0.1", "port": port}
    assert logs == [warning] * unasked


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nconnection: close\r\n", b"HTTP/1.0 200 OK\r\n"])
async def test_a_connection_that_shall_close_is_closed(pool: PooledClient, upstream: Adversary, head: bytes) -> None:
    upstream.plays([head + b"content-length: 5\r\n\r\nhello"])
    assert [await ask(pool, upstream) for _ in range(2)] == [b"hello", b"hello"]
    await upstream.until_closed()
    assert upstream.connections == 2


async def test_a_read_elsewhere_fails_when_the_answer_is_closed(pool: PooledClient, upstream: Adversary) -> None:
    upstream.plays([HALF, STALL])
    response = await pool.send(call(upstream))
    reading = asyncio.ensure_future(response.read())
    await asyncio.sleep(0.02)
    await response.close()
    with pytest.raises(UpstreamFailed, match="broke off"):
        await reading


async def test_a_forgotten_answer_closes_its_connection(pool: PooledClient, upstream: Adversary) -> None:
    upstream.plays([HALF, STALL])
    assert (await pool.send(call(upstream))).status == 200
    await upstream.until_closed()
    assert pool.open_connections == 0


@pytest.mark.parametrize("script", [[HELLO], [HALF, STALL]])
async def test_a_closed_answer_is_no_empty_one(
    pool: PooledClient, upstream: Adversary, script: list[bytes | Sign]
) -> None:
    upstream.plays(script)
    response = await pool.send(call(upstream))
    await asyncio.sleep(0.02)
    await response.close()
    with pytest.raises(UpstreamFailed):
        await response.read()


async def test_time_counts_only_while_somebody_waits(pool: PooledClient, upstream: Adversary) -> None:
    """A slow reader is no slow upstream; pieces within the bound go on for longer than it."""
    upstream.plays([HALF, Pause(1.1), b"h", Pause(1.1), b"e", Pause(1.1), b"llo"])
    response = await pool.send(call(upstream, timeout_s=3.0))
    await asyncio.sleep(0.1)
    chunks = []
    async for chunk in response.chunks():
        chunks.append(chunk)
        await asyncio.sleep(3.2 if len(chunks) == 1 else 0)
    assert b"".join(chunks) == b"hellohello"


async def test_a_shorter_bound_than_the_last_calls_holds(pool: PooledClient, upstream: Adversary) -> None:
    upstream.plays([HELLO], [STALL])
    await ask(pool, upstream, timeout_s=60.0)
    with pytest.raises(UpstreamTimeout):
        await ask(pool, upstream, timeout_s=0.1)


async def test_fixed_headers_are_encoded_for_each_place(pool: PooledClient, upstream: Adversary) -> None:
    headers = RequestHeaders({"Authorization": "Bearer a", "x-a": "b"})
    async with adversary() as other:
        upstream.plays([HELLO])
        other.plays([HELLO])
        for at in (upstream, upstream, other, upstream):
            request = HTTPRequest(at.url, headers, b"{}", "group", 3.0)
            assert await (await pool.send(request)).read() == b"hello"
        for at in (upstream, other):
            for sent in at.requests:
                assert sent.startswith(b"POST /v1/chat/completions HTTP/1.1\r\nauthorization: Bearer a\r\nx-a: b\r\n")
                assert b"host: %b\r\n" % at.url.split("/")[2].encode() in sent
                assert sent.endswith(b"\r\ncontent-length: 2\r\n\r\n{}")
    await pool.close()


async def test_every_new_connection_is_authorised(upstream: Adversary) -> None:
    asked: list[str] = []

    async def lookup(name: str) -> tuple[IPAddress, ...]:
        asked.append(name)
        return (plain("127.0.0.1"),)

    policy = OutboundPolicy(dns_cache_size=0)
    client = PooledClient(guard=OutboundGuard(policy, Origin.DOCUMENT, lookup=lookup))
    upstream.url = upstream.url.replace("127.0.0.1", "name.test")
    upstream.plays([HELLO], [HELLO, CLOSE], [HELLO])
    for _ in range(2):
        await ask(client, upstream)
    await upstream.until_closed()
    await ask(client, upstream)
    assert asked == ["name.test"] * 2
    await client.close()


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (["169.254.169.254"], "not allowed (ssrf_blocked)"),
        (["127.0.0.1", "169.254.169.254"], "not allowed (ssrf_blocked)"),
        ([], "could not be reached (NameUnresolved)"),
        (["127.0.0.9"], "could not be reached (ConnectionRefusedError)"),
    ],
)
async def test_where_a_name_may_not_lead(upstream: Adversary, answers: list[str], words: str) -> None:
    async def lookup(name: str) -> tuple[IPAddress, ...]:
        return tuple(map(plain, answers))

    client = PooledClient(guard=OutboundGuard(OutboundPolicy(), Origin.DOCUMENT, lookup=lookup))
    upstream.url = upstream.url.replace("127.0.0.1", "name.test")
    with pytest.raises(UpstreamFailed) as failed:
        await ask(client, upstream)
    assert words in failed.value.message
    assert upstream.connections == 0
    await client.close()


async def test_addresses_are_tried_in_their_order(upstream: Adversary) -> None:
    async def lookup(name: str) -> tuple[IPAddress, ...]:
        return (plain("127.0.0.9"), plain("127.0.0.1"))

    client = PooledClient(guard=OutboundGuard(OutboundPolicy(), Origin.DOCUMENT, lookup=lookup))
    upstream.url = upstream.url.replace("127.0.0.1", "name.test")
    upstream.plays([HELLO])
    assert await ask(client, upstream) == b"hello"
    await client.close()


async def test_a_dial_without_time_is_a_timeout() -> None:
    loop = asyncio.get_running_loop()
    route = Route(Target("http", "name.test", 80, "/"), (plain("127.0.0.1"),))
    with pytest.raises(TimeoutError):
        await dial(route, asyncio.Protocol, None, 1.0, loop.time())  # type: ignore[arg-type]


async def test_many_urls_are_not_remembered_for_ever(pool: PooledClient, upstream: Adversary) -> None:
    upstream.plays([HELLO])
    base = upstream.url
    for number in range(1100):
        upstream.url = f"{base}?n={number}"
        await ask(pool, upstream)
    assert len(pool._destinations) == 1024
    assert upstream.connections == 1


@pytest.mark.parametrize("packed", [False, True])
async def test_a_slow_reader_gets_all_of_it_in_pieces(pool: PooledClient, upstream: Adversary, packed: bool) -> None:
    body = b"0123456789abcdef" * 100_000
    sent = gzip.compress(body) if packed else body
    encoding = b"content-encoding: gzip\r\n" if packed else b""
    upstream.plays([b"HTTP/1.1 200 OK\r\n%bcontent-length: %d\r\n\r\n" % (encoding, len(sent)) + sent], [HELLO])
    response: PooledResponse = await pool.send(call(upstream))
    got = bytearray()
    async for chunk in response.chunks():
        got += chunk
        await asyncio.sleep(0.002)
    assert bytes(got) == body
    assert await ask(pool, upstream) == b"hello"
    assert upstream.connections == 1
