"""Answers cut, split and spoilt at every place: a call succeeds with the whole body or fails, and never hangs.

The pool hands out what came before a break and then fails; what `read` returns is always whole.
"""

from __future__ import annotations

import asyncio
import gzip
import random
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from routeiq.gateway.upstream.http import HTTPClient
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamTimeout
from routeiq.gateway.upstream.requests import HTTPRequest
from tests.support.adversary import CLOSE, EARLY, ECHO, ECHO_TWICE, RESET, STALL, Adversary, Pause, Sign
from tests.support.http_clients import MakeClient
from tests.support.waiting import LONGER_S, PATIENCE_S

BODY = b'{"object": "chat.completion"}'
UNARY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 29\r\n\r\n" + BODY
CHUNKED = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    b"9;ext=1\r\n" + BODY[:9] + b"\r\n1\r\n" + BODY[9:10] + b"\r\n13\r\n" + BODY[10:] + b"\r\n0\r\nx-t: 1\r\n\r\n"
)
PACKED = gzip.compress(BODY, mtime=0)
GZIPPED = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(PACKED) + PACKED
ANSWERS = {"unary": UNARY, "chunked": CHUNKED, "gzipped": GZIPPED}
given_many = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def call(upstream: Adversary, body: bytes = b"{}", timeout_s: float = PATIENCE_S) -> HTTPRequest:
    return HTTPRequest(upstream.url, {"content-type": "application/json"}, body, "group", timeout_s)


async def ask(http: HTTPClient, request: HTTPRequest) -> bytes:
    return await (await http.send(request)).read()


@pytest.mark.parametrize("end", [RESET, CLOSE], ids=["reset", "close"])
@pytest.mark.parametrize("name", ANSWERS)
async def test_an_end_at_every_byte(http: HTTPClient, upstream: Adversary, name: str, end: Sign) -> None:
    answer = ANSWERS[name]
    for offset in range(len(answer)):
        upstream.plays([answer[:offset], end] if offset else [end])
        with pytest.raises(UpstreamFailed) as failed:
            await ask(http, call(upstream))
        assert failed.value.status == 502, offset
    upstream.plays([answer, end])
    assert await ask(http, call(upstream)) == BODY


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_cut_between_any_two_bytes(http: HTTPClient, upstream: Adversary, name: str) -> None:
    answer = ANSWERS[name]
    for offset in range(1, len(answer)):
        upstream.plays([answer[:offset], answer[offset:]])
        assert await ask(http, call(upstream)) == BODY, offset
    upstream.plays([answer[at : at + 1] for at in range(len(answer))])
    assert await ask(http, call(upstream)) == BODY
    assert upstream.connections == 0


@given_many
@given(body=st.binary(max_size=300), cuts=st.lists(st.integers(1, 600), max_size=12), data=st.data())
async def test_any_split_of_any_chunks(
    http: HTTPClient, upstream: Adversary, body: bytes, cuts: list[int], data: st.DataObject
) -> None:
    head = b"HTTP/1.1 103 Early Hints\r\n\r\n" * data.draw(st.integers(0, 3)) + b"HTTP/1.1 200 OK\r\n"
    sizes = data.draw(st.lists(st.integers(1, 100), min_size=1, max_size=10))
    encoded, at = head + b"transfer-encoding: chunked\r\n\r\n", 0
    while at < len(body):
        size = sizes[at % len(sizes)]
        encoded += b"%x\r\n%b\r\n" % (len(body[at : at + size]), body[at : at + size])
        at += size
    encoded += b"0\r\n" + b"x-trailer: 1\r\n" * data.draw(st.integers(0, 3)) + b"\r\n"
    places = [0, *sorted({cut for cut in cuts if cut < len(encoded)}), len(encoded)]
    upstream.plays([encoded[start:end] for start, end in pairwise(places)])
    chunks = [chunk async for chunk in (await http.send(call(upstream))).chunks()]
    assert b"".join(chunks) == body
    assert all(chunks)


@given_many
@given(claimed=st.integers(0, 400), body=st.binary(max_size=400))
async def test_a_length_that_may_lie(http: HTTPClient, upstream: Adversary, claimed: int, body: bytes) -> None:
    await http.close()  # the connection of the example before may still look alive
    upstream.plays([b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (claimed, body), CLOSE])
    try:
        got = await ask(http, call(upstream))
    except UpstreamFailed:  # aiohttp also where more came than was said
        assert claimed != len(body)
    else:
        assert got == body[:claimed]
        assert claimed <= len(body)


@given_many
@given(
    garbage=st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=4), end=st.sampled_from([RESET, CLOSE])
)
async def test_garbage_fails(http: HTTPClient, upstream: Adversary, garbage: list[bytes], end: Sign) -> None:
    upstream.plays([*garbage, end])
    with pytest.raises(UpstreamFailed):
        await ask(http, call(upstream))


@given_many
@given(at=st.integers(0, len(CHUNKED) - 1), value=st.integers(0, 255))
async def test_a_spoilt_byte_never_hangs(http: HTTPClient, upstream: Adversary, at: int, value: int) -> None:
    """It may land in a body, where nobody can tell; no time-out is needed to end the call."""
    upstream.plays([CHUNKED[:at] + bytes([value]) + CHUNKED[at + 1 :], CLOSE])
    with suppress(UpstreamFailed):
        async with asyncio.timeout(PATIENCE_S):
            assert len(await ask(http, call(upstream, timeout_s=LONGER_S))) <= len(CHUNKED)


async def test_a_late_answer_is_nobodys_and_is_reported(http: HTTPClient, upstream: Adversary) -> None:
    upstream.plays([UNARY, Pause(0.02), UNARY.replace(b"chat", b"late")], [UNARY])
    with capture_logs() as logs:
        assert await ask(http, call(upstream)) == BODY
        await asyncio.sleep(0.06)
        assert await ask(http, call(upstream)) == BODY
    assert [(line["event"], line["host"]) for line in logs] == [("upstream.spoke_unasked", "127.0.0.1")]
    assert upstream.connections == 2


async def test_a_slow_writer_is_waited_for(http: HTTPClient, upstream: Adversary) -> None:
    """Each wait is below the bound, all together are above it."""
    body_at = UNARY.index(b"{")
    upstream.plays([UNARY[:body_at], *[s for b in UNARY[body_at:] for s in (bytes([b]), Pause(0.1))]])
    assert await ask(http, call(upstream, timeout_s=2.5)) == BODY


async def test_an_upstream_that_reads_nothing_is_a_timeout(http: HTTPClient, upstream: Adversary) -> None:
    upstream.plays([EARLY, Pause(LONGER_S)])
    with pytest.raises(UpstreamTimeout):
        await http.send(call(upstream, b"x" * 16_000_000, timeout_s=0.3))


async def test_an_early_answer_to_a_long_body_is_read(http: HTTPClient, upstream: Adversary) -> None:
    upstream.plays([EARLY, UNARY, STALL])
    for _ in range(2):
        assert await ask(http, call(upstream, b"x" * 16_000_000)) == BODY
    assert upstream.connections == 2


async def test_a_long_body_arrives_whole(http: HTTPClient, upstream: Adversary) -> None:
    body = bytes(range(256)) * 20_000
    upstream.plays([UNARY])
    assert await ask(http, call(upstream, body)) == BODY
    assert upstream.requests[0].endswith(b"\r\n\r\n" + body)


async def test_a_slow_reader_holds_the_upstream_back(make_http: MakeClient, upstream: Adversary) -> None:
    """What is not read stays with the upstream: its script does not get to the end."""
    client, piece = make_http(), b"x" * 1_000_000
    upstream.plays([b"HTTP/1.1 200 OK\r\ncontent-length: 40000000\r\n\r\n", *[piece] * 40, CLOSE], [UNARY])
    response = await client.send(call(upstream))
    await asyncio.sleep(0.3)
    assert upstream.open == 1
    sizes = [len(chunk) async for chunk in response.chunks()]
    assert sum(sizes) == 40_000_000
    assert max(sizes) <= 1_000_000
    await client.close()


@pytest.mark.parametrize("seed", range(4))
async def test_no_answer_reaches_another_call(make_http: MakeClient, upstream: Adversary, seed: int) -> None:
    """Many calls over few connections, some cut, cancelled or late: who gets an answer gets his own.

    An upstream whose extra bytes come only after the next request went out is beyond any client of HTTP/1.1.
    """
    chance = random.Random(seed)
    client = make_http(max_connections=5)
    cut = b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\nfoul"
    late = [Pause(0.1), ECHO]
    scripts = ([ECHO], [ECHO], [Pause(0.01), ECHO], [ECHO, CLOSE], [ECHO_TWICE], [cut, RESET], [RESET], late)
    upstream.plays(*chance.choices(scripts, k=600), [ECHO])
    sent = [b"%d" % number * chance.randrange(1, 2000) for number in range(1, 400)]
    calls = [asyncio.ensure_future(ask(client, call(upstream, body, chance.choice([0.05, 5.0])))) for body in sent]
    while not all(one.done() for one in calls):
        await asyncio.sleep(0.01)
        chance.choice(calls).cancel()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(answer == body for answer, body in zip(answers, sent, strict=True)) > 20
    for answer, body in zip(answers, sent, strict=True):
        assert answer == body or isinstance(answer, UpstreamFailed | asyncio.CancelledError)
    await client.close()
    await upstream.until_closed()


async def test_nothing_is_left_open(make_http: MakeClient, upstream: Adversary) -> None:
    """Cancelled calls close their connections; a closed client has neither sockets nor timers."""
    client = make_http()
    upstream.plays([STALL])
    for _ in range(20):
        calls = [asyncio.ensure_future(ask(client, call(upstream, timeout_s=60.0))) for _ in range(50)]
        await asyncio.sleep(0.02)
        for one in calls:
            one.cancel()
        done = await asyncio.gather(*calls, return_exceptions=True)
        assert [one for one in done if not isinstance(one, asyncio.CancelledError)] == []
    await upstream.until_closed()
    await client.close()
    await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    scheduled: list[asyncio.TimerHandle] = getattr(loop, "_scheduled", [])  # uvloop does not show its own
    far = loop.time() + 30
    assert [timer for timer in scheduled if not timer.cancelled() and timer.when() > far] == []
