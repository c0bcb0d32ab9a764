"""How answers are delimited, against scripts: what every client accepts, and what none takes for whole."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import pytest

from routeiq.gateway.upstream.http import HTTPClient
from routeiq.gateway.upstream.http_aiohttp import AiohttpClient
from routeiq.gateway.upstream.provider import UpstreamFailed
from routeiq.gateway.upstream.requests import HTTPRequest
from tests.support.adversary import CLOSE, RESET, Adversary, Script
from tests.support.http_clients import MakeClient

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = gzip.compress(b"hello" * 100)
BOMB = gzip.compress(b"\0" * 50_000_000)


def call(upstream: Adversary, body: bytes = b"{}", **headers: str) -> HTTPRequest:
    return HTTPRequest(upstream.url, headers, body, "group", 5.0)


async def ask(http: HTTPClient, upstream: Adversary) -> bytes:
    return await (await http.send(call(upstream))).read()


def sized(body: bytes, *lines: bytes) -> bytes:
    return OK + b"".join(line + b"\r\n" for line in lines) + b"Content-Length: %d\r\n\r\n" % len(body) + body


WHOLE: dict[str, tuple[Script, bytes]] = {
    "length": ([sized(b"hello")], b"hello"),
    "empty": ([sized(b"")], b""),
    "chunked": ([CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"], b"hello"),
    "chunks in capitals and leading zeros": ([CHUNKED + b"00A\r\nhellohello\r\n000\r\n\r\n"], b"hellohello"),
    "chunk extensions": ([CHUNKED + b"5;a=b;c\r\nhello\r\n0;x\r\n\r\n"], b"hello"),
    "trailers": ([CHUNKED + b"5\r\nhello\r\n0\r\nX-A: b\r\nServer-Timing: c\r\n\r\n"], b"hello"),
    "no reason": ([b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nhi"], b"hi"),
    "100 before": ([b"HTTP/1.1 100 Continue\r\n\r\n", sized(b"hello")], b"hello"),
    "many 1xx in one segment": (
        [b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + sized(b"hello")], b"hello",
    ),
    "until the end": ([OK + b"\r\nhello", CLOSE], b"hello"),
    "HTTP/1.0 until the end": ([b"HTTP/1.0 200 OK\r\n\r\nhel", b"lo", CLOSE], b"hello"),
    "HTTP/1.0 with a length": ([b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", CLOSE], b"hello"),
    "204": ([b"HTTP/1.1 204 No Content\r\n\r\n"], b""),
    "304 with the length of what it stands for": ([b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"], b""),
    "gzip": ([sized(GZIP, b"Content-Encoding: gzip")], b"hello" * 100),
    "gzip byte by byte": (
        [OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(GZIP), *[bytes([one]) for one in GZIP]],
        b"hello" * 100,
    ),
    "deflate with a zlib head": ([sized(zlib.compress(b"hello"), b"Content-Encoding: deflate")], b"hello"),
    "deflate without": ([sized(zlib.compress(b"hello", wbits=-15), b"Content-Encoding: deflate")], b"hello"),
    "identity": ([sized(b"hello", b"Content-Encoding: identity")], b"hello"),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
async def test_whole_answers(http: HTTPClient, upstream: Adversary, name: str) -> None:
    script, body = WHOLE[name]
    upstream.plays(script)
    for _ in range(2):
        response = await http.send(call(upstream))
        assert await response.read() == body
        await response.close()


BROKEN: dict[str, Script] = {
    "both lengths": [OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
    "both lengths the other way": [
        OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    ],
    "two lengths": [OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", CLOSE],
    "a list of lengths": [OK + b"Content-Length: 5, 6\r\n\r\nhello!", CLOSE],
    "no number": [OK + b"Content-Length: five\r\n\r\nhello", CLOSE],
    "negative": [OK + b"Content-Length: -5\r\n\r\nhello", CLOSE],
    "endless number": [OK + b"Content-Length: 99999999999999999999999\r\n\r\nhello", CLOSE],
    "too short": [OK + b"Content-Length: 9\r\n\r\nhello", CLOSE],
    "chunk size that is none": [CHUNKED + b"xyz\r\nhello\r\n0\r\n\r\n"],
    "chunk size past 64 bits": [CHUNKED + b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n"],
    "chunk longer than it says": [CHUNKED + b"3\r\nhello\r\n0\r\n\r\n"],
    "chunks without an end": [CHUNKED + b"5\r\nhello\r\n", CLOSE],
    "chunks without the last line": [CHUNKED + b"5\r\nhello\r\n0\r\n", CLOSE],
    "another coding": [OK + b"Transfer-Encoding: gzip\r\n\r\nhello", CLOSE],
    "no HTTP": [b"SSH-2.0-OpenSSH\r\n", CLOSE],
    "nothing": [CLOSE],
    "half a head": [OK + b"Content-", CLOSE],
    "only 1xx": [b"HTTP/1.1 100 Continue\r\n\r\n", CLOSE],
    "101": [b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", CLOSE],
    "NUL in a header": [OK + b"X-A: a\0b\r\nContent-Length: 0\r\n\r\n"],
    "not packed": [sized(b"hello", b"Content-Encoding: gzip")],
    "two encodings": [sized(GZIP, b"Content-Encoding: gzip, gzip")],
    "encoding that was not asked for": [sized(b"hello", b"Content-Encoding: compress")],
}
POOL_ONLY: dict[str, Script] = {
    "folded header": [OK + b"X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n"],
    "coding before chunked": [OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
    "101 without words": [b"HTTP/1.1 101 Switching\r\n\r\n", CLOSE],
    "bare line ends": [b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"],
    "reset before the end that only a close tells": [OK + b"\r\nhello", RESET],
    "length among the trailers": [CHUNKED + b"5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n"],
    "cut gzip under a right length": [sized(GZIP[:-9], b"Content-Encoding: gzip")],
    "bytes after the packed body": [sized(zlib.compress(b"hello") + b"x", b"Content-Encoding: deflate")],
    "head over 64 KiB": [OK + b"X-A: %b\r\n" % (b"a" * 8000) * 9 + b"Content-Length: 0\r\n\r\n"],
    "head over 64 KiB before a long body": [OK + b"X-A: %b\r\n" % (b"a" * 70_000) + sized(b"b" * 90_000)[17:]],
    "endless 1xx": [b"HTTP/1.1 100 Continue\r\n\r\n" * 3000, sized(b"hello")],
    "endless chunk extension": [CHUNKED + b"5;" + b"a" * 70_000, b"a" * 70_000 + b"\r\nhello\r\n0\r\n\r\n"],
    "endless trailers": [CHUNKED + b"0\r\n" + b"X-A: aaaaaaaaaaaaaaaaa\r\n" * 4000, b"\r\n"],
}
"""aiohttp reads these leniently: it was made for servers of all kinds. Only the reset could cut an answer short, and
only one without a length or chunks, which no provider sends."""


@pytest.mark.parametrize("name", BROKEN)
async def test_broken_answers_fail(http: HTTPClient, upstream: Adversary, name: str) -> None:
    upstream.plays(BROKEN[name])
    with pytest.raises(UpstreamFailed, match="`group`") as failed:
        await ask(http, upstream)
    assert "127.0.0.1" not in failed.value.message


@pytest.mark.parametrize("make_http", ["pool"], indirect=True)
@pytest.mark.parametrize("name", POOL_ONLY)
async def test_the_pool_is_stricter_than_aiohttp(http: HTTPClient, upstream: Adversary, name: str) -> None:
    upstream.plays(POOL_ONLY[name])
    with pytest.raises(UpstreamFailed, match="`group`"):
        await ask(http, upstream)


async def test_a_bomb_is_defused(make_http: MakeClient, upstream: Adversary) -> None:
    client = make_http(max_body_bytes=100_000)
    upstream.plays([sized(BOMB, b"Content-Encoding: gzip")])
    with pytest.raises(UpstreamFailed, match="longer than 100000 bytes"):
        await ask(client, upstream)
    await client.close()


async def test_gzip_members_follow_each_other(upstream: Adversary, http: HTTPClient) -> None:
    upstream.plays([sized(gzip.compress(b"one,") + gzip.compress(b"two"), b"Content-Encoding: gzip")])
    assert await ask(http, upstream) == b"one,two"


POISON = (b"X", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", b"\r\n", b"\0" * 9)


@pytest.mark.parametrize("extra", POISON)
@pytest.mark.parametrize("together", [True, False])
async def test_bytes_after_an_answer_never_become_the_next(
    http: HTTPClient, upstream: Adversary, extra: bytes, together: bool
) -> None:
    """aiohttp fails the call whose answer has garbage in its last segment, though that answer was whole."""
    answer = sized(b"first")
    upstream.plays([answer + extra] if together else [answer, extra], [sized(b"second")])
    try:
        assert await ask(http, upstream) == b"first"
    except UpstreamFailed:
        assert isinstance(http, AiohttpClient)
    await asyncio.sleep(0.03)
    assert await ask(http, upstream) == b"second"


async def test_headers_that_would_break_the_head_are_not_sent(http: HTTPClient, upstream: Adversary) -> None:
    upstream.plays([sized(b"")])
    for headers in ({"x-a": "b\r\nx-c: d"}, {"x-a\r\nb": "c"}, {"x-a": "b\0"}, {"x-a": "b\n"}):
        with pytest.raises(UpstreamFailed, match="`group`"):
            await http.send(HTTPRequest(upstream.url, headers, b"", "group", 5.0))
    assert upstream.requests == []


async def test_the_connections_own_headers_are_ours(http: HTTPClient, upstream: Adversary) -> None:
    upstream.plays([sized(b"")])
    request = HTTPRequest(f"{upstream.url}?a=b%20c#d", {"Host": "other", "X-A": "b"}, b"body", "group", 5.0)
    await (await http.send(request)).read()
    line, _, head = upstream.requests[0].lower().partition(b"\r\n")
    assert line == b"post /v1/chat/completions?a=b%20c http/1.1"
    for expected in (b"host: other\r\n", b"x-a: b\r\n", b"content-length: 4\r\n", b"user-agent: routeiq\r\n"):
        assert head.count(expected) == 1
    assert head.endswith(b"\r\n\r\nbody")
