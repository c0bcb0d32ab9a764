"""What every `HTTPClient` promises, against a real socket."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Mapping
from typing import cast

import pytest

from routeiq.gateway.upstream.http import HTTPClient, RequestHeaders
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamTimeout
from routeiq.gateway.upstream.requests import HTTPRequest
from routeiq.kit.outbound import Origin, OutboundGuard, OutboundPolicy
from tests.support.http_clients import MakeClient
from tests.support.processes import FakeProvider
from tests.support.waiting import LONGER_S, PATIENCE_S


def call(
    fake: FakeProvider, behaviour: str = "", *, stream: bool = False, timeout_s: float = PATIENCE_S
) -> HTTPRequest:
    body = {"model": "m", "stream": stream, "messages": []}
    headers = {"content-type": "application/json", "x-fake-behaviour": behaviour or "none"}
    return HTTPRequest(f"{fake.api_base}/chat/completions", headers, json.dumps(body).encode(), "group", timeout_s)


def headers_of(fake: FakeProvider) -> dict[str, str]:
    """Of the last call."""
    return cast("dict[str, str]", fake.last()["headers"])


async def test_a_body_comes_whole_and_the_connection_is_used_again(http: HTTPClient, fake: FakeProvider) -> None:
    for _ in range(2):
        response = await http.send(call(fake))
        assert response.status == 200
        assert json.loads(await response.read())["object"] == "chat.completion"
        await response.close()
    assert "set-cookie" not in response.headers
    assert (response.headers["content-type"], response.headers["x-fake"]) == ("application/json", "yes")
    assert all("cookie" not in seen["headers"] for seen in fake.log())  # type: ignore[operator]


@pytest.mark.parametrize("kind", [dict, RequestHeaders])
async def test_the_upstream_learns_the_requests_id(
    http: HTTPClient, fake: FakeProvider, kind: Callable[[Mapping[str, str]], Mapping[str, str]]
) -> None:
    plain = call(fake)
    headers = kind(plain.headers)
    for id_ in ("first", "second"):
        response = await http.send(HTTPRequest(plain.url, headers, plain.body, "group", 5.0, request_id=id_))
        await response.read()
        assert headers_of(fake)["x-request-id"] == id_
        assert headers_of(fake)["x-fake-behaviour"] == "none"


async def test_an_id_that_the_operator_gave_stands(http: HTTPClient, fake: FakeProvider) -> None:
    plain = call(fake)
    own = {**plain.headers, "x-request-id": "the-operators"}
    await (await http.send(HTTPRequest(plain.url, own, plain.body, "group", 5.0, request_id="ours"))).read()
    assert headers_of(fake)["x-request-id"] == "the-operators"


async def test_a_stream_comes_as_it_is_sent(http: HTTPClient, fake: FakeProvider) -> None:
    response = await http.send(call(fake, "paced", stream=True))
    chunks = [chunk async for chunk in response.chunks()]
    assert len(chunks) > 3
    assert b"".join(chunks).endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("stream", [False, True])
async def test_compressed_answers_are_decoded(http: HTTPClient, fake: FakeProvider, stream: bool) -> None:
    response = await http.send(call(fake, "gzip", stream=stream))
    assert "content-encoding" not in response.headers
    body = b"".join([chunk async for chunk in response.chunks()])
    assert b"chatcmpl-fake" in body


@pytest.mark.parametrize("stream", [False, True])
async def test_a_body_that_ends_early_fails(http: HTTPClient, fake: FakeProvider, stream: bool) -> None:
    response = await http.send(call(fake, "die-mid-stream", stream=stream))
    with pytest.raises(UpstreamFailed, match="`group`") as failed:
        await response.read()
    assert "127.0.0.1" not in failed.value.message


@pytest.mark.parametrize("behaviour", ["die-before", "not-http"])
async def test_no_answer_fails(http: HTTPClient, fake: FakeProvider, behaviour: str) -> None:
    with pytest.raises(UpstreamFailed, match="`group`") as failed:
        await http.send(call(fake, behaviour))
    assert "127.0.0.1" not in failed.value.message


async def test_a_refused_connection_fails(http: HTTPClient) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        with pytest.raises(UpstreamFailed, match="could not be reached"):
            await http.send(HTTPRequest(url, {}, b"", "group", PATIENCE_S))


@pytest.mark.parametrize("url", ["no-url", "ftp://x/y", "http://"])
async def test_an_address_that_is_none_fails(http: HTTPClient, url: str) -> None:
    with pytest.raises(UpstreamFailed):
        await http.send(HTTPRequest(url, {}, b"", "group", PATIENCE_S))


async def test_a_late_head_is_a_timeout(http: HTTPClient, fake: FakeProvider) -> None:
    with pytest.raises(UpstreamTimeout):
        await http.send(call(fake, "slow-head", timeout_s=0.2))
    await asyncio.to_thread(fake.wait_until_idle)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_stalled_body_is_a_timeout(http: HTTPClient, fake: FakeProvider, stream: bool) -> None:
    response = await http.send(call(fake, "stall", stream=stream, timeout_s=2.0))
    with pytest.raises(UpstreamTimeout):
        await response.read()
    await asyncio.to_thread(fake.wait_until_idle)


async def test_redirects_are_not_followed(http: HTTPClient, fake: FakeProvider) -> None:
    response = await http.send(call(fake, "redirect"))
    assert response.status == 302
    assert len(fake.log()) == 1
    await response.close()


async def test_cancelling_the_wait_for_a_head_closes_the_connection(http: HTTPClient, fake: FakeProvider) -> None:
    waiting = asyncio.create_task(http.send(call(fake, "slow-head")))
    await asyncio.sleep(0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.to_thread(fake.wait_until_idle)
    assert fake.state()["left"] == 1


async def test_cancelling_a_read_closes_the_connection(http: HTTPClient, fake: FakeProvider) -> None:
    response = await http.send(call(fake, "stall", stream=True))
    reading = asyncio.create_task(response.read())
    await asyncio.sleep(0.1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.to_thread(fake.wait_until_idle)


async def test_closing_an_unread_stream_closes_the_connection(http: HTTPClient, fake: FakeProvider) -> None:
    response = await http.send(call(fake, "stall", stream=True))
    await response.close()
    await response.close()
    await asyncio.to_thread(fake.wait_until_idle)
    assert fake.state() == {"open": 0, "left": 1}


async def test_a_body_past_the_limit_fails(make_http: MakeClient, fake: FakeProvider) -> None:
    client = make_http(max_body_bytes=50)
    response = await client.send(call(fake))
    with pytest.raises(UpstreamFailed, match="longer than 50 bytes"):
        await response.read()
    await client.close()


async def test_an_address_that_is_not_allowed_is_not_called(make_http: MakeClient, fake: FakeProvider) -> None:
    client = make_http(guard=OutboundGuard(OutboundPolicy(), Origin.CALLER))
    with pytest.raises(UpstreamFailed, match="not allowed") as failed:
        await client.send(call(fake))
    assert fake.url not in failed.value.message
    assert fake.log() == []
    await client.close()


async def test_a_closed_client_opens_again(make_http: MakeClient, fake: FakeProvider) -> None:
    client = make_http()
    await (await client.send(call(fake))).read()
    await client.close()
    assert (await client.send(call(fake))).status == 200
    await client.close()


async def served(*parts: bytes | float) -> tuple[asyncio.Server, HTTPRequest]:
    """A server of one script: bytes to send, seconds to wait; then it keeps the connection open."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            if isinstance(part, bytes):
                writer.write(part)
            else:
                await asyncio.sleep(part)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(play, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    return server, HTTPRequest(f"http://127.0.0.1:{port}/", {}, b"{}", "group", LONGER_S)


async def test_a_malformed_chunk_in_mid_stream_fails_at_once(http: HTTPClient) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"
    server, asked = await served(head, 0.1, b"ZZZ bad\r\n")
    async with server:
        response = await http.send(asked)
        with pytest.raises(UpstreamFailed, match="broke off"):
            await asyncio.wait_for(response.read(), PATIENCE_S)


@pytest.mark.parametrize("status", [0, 99, 600, 999])
async def test_a_status_that_is_none_is_no_answer(http: HTTPClient, status: int) -> None:
    server, asked = await served(b"HTTP/1.1 %03d Odd\r\ncontent-length: 2\r\n\r\n{}" % status)
    async with server:
        with pytest.raises(UpstreamFailed):
            await http.send(asked)


async def test_headers_that_cannot_be_passed_on_are_dropped(http: HTTPClient) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: a/\xe4\xff\r\nx-good: 1\r\ncontent-length: 2\r\n\r\n{}"
    server, asked = await served(head)
    async with server:
        response = await http.send(asked)
        assert dict(response.headers) == {"x-good": "1"}
        assert await response.read() == b"{}"
