"""Bytes through, usage read in passing."""

from __future__ import annotations

import pytest

from routeiq.gateway.plan import Usage
from routeiq.gateway.upstream.relay import passed_on, read_usage, relay_stream, relay_whole, stream_usage
from tests.support.asgi import Client
from tests.support.twins import ANSWER, FRAMES, TwinResponse


async def test_a_whole_answer_goes_through() -> None:
    client = Client()
    relayed = await relay_whole(client.send, 200, ANSWER, [])
    assert client.answer.body == ANSWER
    assert (relayed.bytes_sent, relayed.usage) == (len(ANSWER), Usage(3, 5))


async def test_a_refusal_has_no_usage() -> None:
    assert (await relay_whole(Client().send, 429, ANSWER, [])).usage is None


async def test_a_stream_goes_through_and_its_usage_is_read() -> None:
    client = Client()
    relayed = await relay_stream(client.send, TwinResponse(200, FRAMES).chunks(), [])
    assert client.answer.body == b"".join(FRAMES)
    assert (relayed.usage, relayed.error) == (Usage(3, 5), "")
    assert client.answer.headers["x-accel-buffering"] == "no"


async def test_a_stream_that_breaks_says_so() -> None:
    client = Client()
    relayed = await relay_stream(client.send, TwinResponse(200, FRAMES[:1], breaks=True).chunks(), [])
    assert relayed.error == "upstream_failed"
    assert client.answer.messages[-1] == {"type": "http.response.body", "body": b""}


async def test_usage_is_found_across_chunk_borders() -> None:
    whole = b"".join(FRAMES)
    parts = [whole[i : i + 7] for i in range(0, len(whole), 7)]
    assert (await relay_stream(Client().send, TwinResponse(200, parts).chunks(), [])).usage == Usage(3, 5)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"usage":null}', b'{"usage":"x"}', b"[" * 5000])
def test_what_reports_no_usage_has_none(body: bytes) -> None:
    assert read_usage(body) is None
    assert stream_usage(b"data: " + body) is None


def test_only_known_headers_are_passed_on() -> None:
    sent = {"content-type": "application/json", "retry-after": "7", "set-cookie": "a=b", "x-internal": "1"}
    assert dict(passed_on(sent)) == {b"content-type": b"application/json", b"retry-after": b"7"}
