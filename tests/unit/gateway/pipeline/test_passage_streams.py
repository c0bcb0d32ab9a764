"""Streams that take no task: what they come to is what the same request comes to as one."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Mapping, Sequence

import pytest

from routeiq.gateway.dialects import edits
from routeiq.gateway.pipeline import served
from routeiq.gateway.plan import Usage
from routeiq.gateway.upstream import prompt_call
from tests.support.passing import Line, Peer, hangs_up, silent, turns
from tests.support.prompt_gateway import (
    BUSY,
    CHAT,
    DOWN,
    FALLBACKS,
    bench,
    figures,
    member,
    pair,
    shown,
    told,
)
from tests.support.streams import HEAD, LAST, STREAM, chunk, streams
from tests.support.twins import FRAMES

ASKED = CHAT[:-1] + b',"stream":true,"stream_options":{"include_usage":true}}'
PAGE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/html\r\n\r\nhi"
NAMED = tuple(b'data: {"model":"gpt","choices":[{"n":%d}]}\n\n' % n for n in range(3))
KEY = "sk-a-long-secret"


def then(*pieces: bytes, end: Callable[[Peer], None] = silent) -> Line:
    """Each piece in a read of its own, which whoever waits for it sees before the next one, and then `end`."""

    async def play(peer: Peer) -> None:
        for piece in pieces:
            peer.say(piece)
            await turns(10)
        end(peer)

    def line(peer: Peer) -> None:
        playing.add(asyncio.ensure_future(play(peer)))

    playing: set[asyncio.Future[None]] = set()
    return line


def packed(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    data = packer.compress(body) + packer.flush()
    return HEAD.replace(b"transfer", b"content-encoding: gzip\r\ntransfer") + chunk(data) + LAST


WHOLE = streams(*FRAMES)
BODY_OF_FRAMES = b"".join(FRAMES)
BODY = HEAD + b"".join(map(chunk, FRAMES)) + LAST
COMMENT = b": OPENROUTER PROCESSING\n\n"
REFUSAL = b'data: {"error":{"message":"no","code":429}}\n\n'
ODD = REFUSAL.replace(b"}}", b'},"x":"\xff"}')
ENDLESS = REFUSAL.replace(b"}}", b'},"x":%b}' % (b"1" * 5000))
SCRIPTS: Mapping[str, Sequence[Line]] = {
    "a stream": [WHOLE],
    "in one read": [then(BODY)],
    "byte by byte": [then(*(bytes([byte]) for byte in BODY))],
    "several frames a chunk": [streams(FRAMES[0] * 3, FRAMES[1] + FRAMES[2])],
    "frames cut anywhere": [streams(b"".join(FRAMES)[:9], b"".join(FRAMES)[9:70], b"".join(FRAMES)[70:])],
    "an unfinished frame at its end": [streams(*FRAMES[:2], FRAMES[2][:-1])],
    "with another name": [streams(*NAMED)],
    "with the key in it": [streams(FRAMES[0], b'data: {"x":"%b"}\n\n' % KEY.encode())],
    "with headers": [then(BODY.replace(b"\r\n", b"\r\nopenai-version: 1\r\nx-odd: 2\r\n", 1))],
    "without a type": [then(BODY.replace(b"content-type", b"x-odd"))],
    "created": [then(BODY.replace(b"200 OK", b"201 Created"))],
    "packed": [then(packed(b"".join(FRAMES)))],
    "the last one": [then(BODY.replace(b"\r\n", b"\r\nconnection: close\r\n", 1))],
    "until it closes": [then(HEAD.replace(b"transfer-encoding: chunked\r\n", b"") + FRAMES[0], end=Peer.half_close)],
    "with a length": [then(HEAD.replace(b"transfer-encoding: chunked", b"content-length: 22") + FRAMES[0])],
    "behind an interim one": [then(b"HTTP/1.1 103 Hints\r\nlink: x\r\n\r\n" + BODY)],
    "and another one": [then(BODY + BODY)],
    "busy, then fine": [BUSY, WHOLE],
    "down for good": [DOWN, DOWN, DOWN, DOWN],
    "stale": [hangs_up, WHOLE],
    "stale, then down": [hangs_up, DOWN, WHOLE],
    "no http": [then(b"EHLO\r\n\r\n"), WHOLE],
    "cut in its head": [then(HEAD[:30], end=hangs_up), WHOLE],
    "cut behind its head": [then(HEAD, end=hangs_up), WHOLE],
    "cut in its first chunk": [then(HEAD + chunk(FRAMES[0])[:9], end=hangs_up)],
    "cut in its middle": [then(HEAD, chunk(FRAMES[0]), chunk(FRAMES[1])[:20], end=hangs_up)],
    "cut between two chunks": [then(HEAD + chunk(FRAMES[0]), end=hangs_up)],
    "reset": [then(HEAD, chunk(FRAMES[0]), end=lambda peer: peer.hang_up(ConnectionResetError()))],
    "a bad chunk": [then(HEAD, chunk(FRAMES[0]), b"no\r\n")],
    "a bad chunk behind a good one": [then(HEAD + chunk(FRAMES[0]), chunk(FRAMES[0]) + b"no\r\n")],
    "endless framing": [then(HEAD, chunk(FRAMES[0]), b"1;x=%b\r\n" % (b"a" * 90_000))],
    "without an event": [streams(), WHOLE],
    "empty at once": [then(HEAD + LAST), WHOLE],
    "an error at once": [streams(REFUSAL), WHOLE],
    "an error with its head": [then(HEAD + chunk(REFUSAL)), WHOLE],
    "an error in two reads": [then(HEAD, chunk(REFUSAL[:20]), chunk(REFUSAL[20:]), LAST), WHOLE],
    "an error behind a comment": [streams(COMMENT + REFUSAL), WHOLE],
    "an error long after a comment": [then(HEAD, chunk(COMMENT), chunk(REFUSAL), LAST), WHOLE],
    "an error byte by byte": [streams(*(bytes([byte]) for byte in COMMENT + REFUSAL)), WHOLE],
    "comments and a stream": [then(HEAD, *map(chunk, (COMMENT, COMMENT[:5], COMMENT[5:] + BODY_OF_FRAMES)), LAST)],
    "nothing but comments": [then(HEAD, chunk(COMMENT), chunk(COMMENT), LAST), WHOLE],
    "cut behind a comment": [then(HEAD, chunk(COMMENT), end=hangs_up), WHOLE],
    "more comments than are held": [then(HEAD, chunk(COMMENT * 1000), chunk(REFUSAL), LAST), WHOLE],
    "an error that is no text": [streams(ODD), WHOLE],
    "an error with an endless number": [streams(ENDLESS), WHOLE],
    "an error in its middle": [streams(FRAMES[0], REFUSAL)],
    "a page": [then(PAGE), WHOLE],
    "the head of a page": [then(PAGE[:-2], end=hangs_up), WHOLE],
    "a status that is none": [then(b"HTTP/1.1 099 X\r\ncontent-length: 2\r\n\r\n{}"), WHOLE],
    "a redirect": [then(b"HTTP/1.1 302 X\r\nlocation: /x\r\ncontent-length: 5\r\n\r\n"), WHOLE],
    "a frame that is too long": [then(HEAD, *map(chunk, (FRAMES[0], b"data: " + b"x" * 2000, b"y")), LAST)],
    "the first frame is too long": [then(HEAD, chunk(b"data: " + b"x" * 2000), LAST)],
}  # fmt: skip


@pytest.mark.parametrize("body", [STREAM, ASKED], ids=["counted", "asked for usage"])
@pytest.mark.parametrize("name", ["m", "gpt"], ids=["its name", "an alias"])
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
async def test_whatever_comes_ends_as_it_would_as_a_task(
    monkeypatch: pytest.MonkeyPatch, script: Sequence[Line], name: str, body: bytes
) -> None:
    monkeypatch.setattr(edits, "FRAME_LIMIT_BYTES", 1000)
    deployments = member(name, api_key=KEY), member("other", "other")
    passed, general = await pair(*deployments, num_retries=1, fallbacks=FALLBACKS)
    for one in passed, general:
        one.pool.script.extend([*script, WHOLE, WHOLE])
    client, answer = passed.begin(body), general.begin(body)
    await asyncio.sleep(0)  # they are begun
    assert (client.task, answer.task is None) == (None, False)
    await asyncio.gather(client.ended(), answer.ended())
    await turns()  # until what was aborted is closed
    assert (client.status, client.body_sent) == (answer.status, answer.body_sent)
    assert shown(client.headers) == shown(answer.headers)
    assert told(passed.outcome) == told(general.outcome)
    assert figures(passed, name, "other") == figures(general, name, "other")
    assert passed.ended.refusals == general.ended.refusals
    assert passed.pool.requests == general.pool.requests
    assert passed.pool.open_connections == general.pool.open_connections
    assert (passed.idle, general.idle) == (True, True)


async def test_a_look_at_its_beginning_that_fails_is_an_error_and_no_endless_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr(prompt_call, "first_event_refusal", fails)
    monkeypatch.setattr(served, "first_event_refusal", fails)
    one = await bench()
    one.pool.script.append(WHOLE)
    client = await one.passed(STREAM)
    assert (client.status, one.outcome.status, one.idle) == (500, 500, True)


@pytest.mark.parametrize(
    "pieces",
    [(REFUSAL[:20], REFUSAL[20:]), (COMMENT, REFUSAL), (COMMENT + REFUSAL,), (COMMENT[:9], COMMENT[9:]), (COMMENT,)],
    ids=["in two reads", "behind a comment", "with a comment", "a comment and no more", "a comment"],
)
async def test_what_begins_with_an_error_has_not_begun_however_it_comes(pieces: Sequence[bytes]) -> None:
    one = await bench(member(), member("other", "other"), fallbacks=FALLBACKS)
    one.pool.script.extend([then(HEAD, *map(chunk, pieces), LAST), WHOLE])
    client = one.begin(STREAM)
    await client.ended()
    assert (client.status, client.headers["x-routeiq-model"]) == (200, "other")
    assert client.body_sent == FRAMES[0] + FRAMES[2]


async def test_comments_go_before_the_first_event_as_they_came() -> None:
    one = await bench()
    one.pool.script.append(silent)
    client = one.begin(STREAM)
    await turns()
    peer = one.pool.peers[0]
    peer.say(HEAD, chunk(COMMENT), chunk(COMMENT[:5]))
    assert client.answers == 0
    peer.say(chunk(COMMENT[5:] + FRAMES[0]))
    assert client.parts == [COMMENT + COMMENT + FRAMES[0]]
    peer.say(chunk(COMMENT), LAST)
    assert (client.task, client.body_sent) == (None, COMMENT + COMMENT + FRAMES[0] + COMMENT)


async def test_comments_do_not_put_the_deadline_off() -> None:
    one = await bench(member(stream_timeout_s=0.1), member("other", "other"), fallbacks=FALLBACKS)
    one.pool.script.extend([streams(COMMENT, end=b""), WHOLE])
    client = one.begin(STREAM)
    for _ in range(4):
        await asyncio.sleep(0.05)
        if not one.pool.peers[0].closed:
            one.pool.peers[0].say(chunk(COMMENT))
    await client.ended()
    assert client.headers["x-routeiq-attempts"] == "m=504,other=200"


@pytest.mark.parametrize("fields", [{}, {"model": "gpt"}], ids=["its name", "an alias"])
async def test_a_stream_takes_no_task(fields: dict[str, object]) -> None:
    one = await bench(member(**fields))  # type: ignore[arg-type]
    one.pool.script.append(silent)
    client = one.begin(STREAM)
    await turns()
    peer = one.pool.peers[0]
    peer.say(HEAD)
    assert client.answers == 0
    for number, frame in enumerate((FRAMES[0], FRAMES[2]), 1):
        peer.say(chunk(frame))
        assert client.parts == [FRAMES[0], FRAMES[2]][:number]
    peer.say(chunk(FRAMES[1]), LAST)
    await turns()
    assert (client.status, client.task, one.outcome.usage) == (200, None, Usage(3, 5))
    assert (one.outcome.streamed_bytes, one.idle, one.pool.open_connections) == (len(client.body_sent), True, 1)
    one.pool.script.append(WHOLE)
    await one.begin(STREAM).ended()
    assert len(one.pool.peers) == 1


@pytest.mark.parametrize("pieces", [(), (HEAD,)], ids=["silent", "behind its head"])
async def test_the_deployments_limit_is_a_time_out(pieces: Sequence[bytes]) -> None:
    one = await bench(member(stream_timeout_s=0.05), member("other", "other"), fallbacks=FALLBACKS)
    one.pool.script.extend([then(*pieces), WHOLE])
    client = one.begin(STREAM)
    await client.ended()
    assert (client.status, client.headers["x-routeiq-attempts"]) == (200, "m=504,other=200")
    assert (one.pool.peers[0].closed, one.idle, one.live().failures) == (True, True, 1)


async def test_the_requests_deadline_is_a_504() -> None:
    one = await bench(timeout_s=0.05)
    one.pool.script.append(silent)
    client = one.begin(STREAM)
    await client.ended()
    assert (client.status, one.outcome.error) == (504, "upstream_timeout")
    assert (one.pool.peers[0].closed, one.idle) == (True, True)


async def test_silence_in_its_middle_ends_a_stream_and_chunks_keep_it_alive() -> None:
    one = await bench(member(stream_timeout_s=2.0))
    one.pool.script.append(streams(FRAMES[0], end=b""))
    client = one.begin(STREAM)
    for _ in range(4):
        await asyncio.sleep(0.6)
        one.pool.peers[0].say(chunk(FRAMES[0]))
    assert one.ended.outcomes == []
    await client.ended()
    assert (one.outcome.status, one.outcome.error, one.idle) == (200, "upstream_timeout", True)
    assert (client.task, one.pool.peers[0].closed) == (None, True)


@pytest.mark.parametrize("pieces", [(), (HEAD,), (HEAD, chunk(FRAMES[0]))], ids=["silent", "head", "begun"])
async def test_a_client_that_leaves_closes_its_upstream(pieces: Sequence[bytes]) -> None:
    one = await bench()
    one.pool.script.append(then(*pieces))
    client = one.begin(STREAM)
    await turns()
    client.leave()
    assert (one.outcome.status, one.outcome.error, client.task) == (499, "client_disconnected", None)
    await turns()
    assert (one.pool.peers[0].closed, one.idle, one.pool.open_connections) == (True, True, 0)


async def test_a_stream_that_cannot_be_written_is_an_error_of_ours() -> None:
    one = await bench()
    one.pool.script.append(WHOLE)
    client = one.begin(STREAM)
    client.fails = True
    await turns(20)
    assert client.task is not None
    await asyncio.wait([client.task])
    assert (one.outcome.status, one.outcome.error, one.idle) == (500, "internal_error", True)
    assert (one.pool.peers[0].closed, one.live().failures) == (True, 1)


@pytest.mark.parametrize("piece", [chunk(FRAMES[0]), LAST], ids=["a chunk", "the end"])
async def test_a_part_that_cannot_be_written_is_an_error_of_ours(piece: bytes) -> None:
    passed, general = await pair()
    bodies = []
    for one in passed, general:
        one.pool.script.append(streams(FRAMES[0], end=b""))
        client = one.begin(STREAM)
        await turns()
        client.breaks = True
        one.pool.peers[0].say(piece)
        await turns(20)
        bodies.append(client.body_sent)
        assert (one.outcome.status, one.outcome.error, one.idle) == (500, "internal_error", True)
    assert bodies[0] == bodies[1]
    assert told(passed.outcome) == told(general.outcome)
    assert figures(passed, "m") == figures(general, "m")
