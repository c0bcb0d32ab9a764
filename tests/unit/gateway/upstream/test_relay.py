"""Bytes through, usage read in passing."""

from __future__ import annotations

import pytest

from routeiq.gateway.dialects.edits import StreamEdits
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.tally import NO_TALLY
from routeiq.gateway.plan import Usage
from routeiq.gateway.upstream.http_head import AnswerHead
from routeiq.gateway.upstream.relay import STREAM_KIND, WHOLE_KIND, Begun, Relayed, passed_on, relay_stream
from routeiq.kit.asgi import Answer
from tests.support.asgi import Client
from tests.support.twins import FRAMES, TwinResponse


def untouched(endpoint: Endpoint = Endpoint.CHAT) -> StreamEdits:
    return StreamEdits(endpoint, model=None, hide_usage=False)


async def stream(response: TwinResponse, edits: StreamEdits | None = None) -> tuple[Client, Relayed]:
    client, relayed = Client(), Relayed()
    begun = Begun(b"", response.chunks())
    await relay_stream(Answer(client.send, []), begun, [], edits or untouched(), relayed, NO_TALLY)
    return client, relayed


async def test_a_stream_goes_through_and_its_usage_is_read() -> None:
    client, relayed = await stream(TwinResponse(200, FRAMES))
    assert client.answer.body == b"".join(FRAMES)
    assert (relayed.tokens(), relayed.error, relayed.bytes_sent) == (Usage(3, 5), "", len(b"".join(FRAMES)))
    assert client.answer.headers["x-accel-buffering"] == "no"


async def test_hidden_usage_is_still_read() -> None:
    client, relayed = await stream(TwinResponse(200, FRAMES), StreamEdits(Endpoint.CHAT, model=None, hide_usage=True))
    assert client.answer.body == FRAMES[0] + FRAMES[2]
    assert relayed.tokens() == Usage(3, 5)


@pytest.mark.parametrize(
    ("endpoint", "start"),
    [(Endpoint.CHAT, b'\n\ndata: {"error":'), (Endpoint.MESSAGES, b'\n\nevent: error\ndata: {"type":"error"')],
)
async def test_a_stream_that_breaks_says_so_in_its_dialect(endpoint: Endpoint, start: bytes) -> None:
    client, relayed = await stream(TwinResponse(200, FRAMES[:1], breaks=True), untouched(endpoint))
    assert relayed.error == "upstream_failed"
    assert client.answer.body.startswith(FRAMES[0] + start)
    assert "more_body" not in client.answer.messages[-1]


async def test_an_endless_frame_is_a_broken_stream() -> None:
    edits = StreamEdits(Endpoint.CHAT, model="alias", hide_usage=False)
    parts = [b"data: " + b"x" * (17 * 1024 * 1024)] * 2
    _, relayed = await stream(TwinResponse(200, parts), edits)
    assert relayed.error == "sse_frame_too_large"


def test_only_known_headers_are_passed_on() -> None:
    sent = {"content-type": "application/json", "retry-after": "7", "set-cookie": "a=b", "x-internal": "1"}
    assert passed_on(sent, WHOLE_KIND) == [(b"content-type", b"application/json"), (b"retry-after", b"7")]


NAMES = ["content-type", "openai-processing-ms", "openai-organization", "openai-version"]


@pytest.mark.parametrize("name", NAMES)
def test_no_header_says_the_deployments_secrets(name: str) -> None:
    value = "application/json; for=sk-of-ours" if name == "content-type" else "Bearer sk-of-ours"
    head = AnswerHead(200, f"HTTP/1.1 200 OK\r\n{name}: {value}\r\ncontent-length: 0\r\n".encode())
    for headers in head, {name: value}:
        assert passed_on(headers, WHOLE_KIND, (b"sk-of-ours",)) == [(b"content-type", b"application/json")]
        assert (name.encode(), value.encode()) in passed_on(headers, WHOLE_KIND, (b"sk-of-another",))


@pytest.mark.parametrize(
    ("given", "kind", "shown"),
    [
        ({"content-type": "text/html"}, WHOLE_KIND, b"application/json"),
        ({"content-type": "application/jsonp"}, WHOLE_KIND, b"application/json"),
        ({"content-type": "application/json; charset=utf-8"}, WHOLE_KIND, b"application/json; charset=utf-8"),
        ({}, WHOLE_KIND, b"application/json"),
        ({}, STREAM_KIND, b"text/event-stream"),
        ({"content-type": "Text/Event-Stream;charset=x"}, STREAM_KIND, b"Text/Event-Stream;charset=x"),
    ],
)
def test_the_type_is_that_of_what_follows(given: dict[str, str], kind: bytes, shown: bytes) -> None:
    assert passed_on(given, kind) == [(b"content-type", shown)]


def test_a_retry_after_that_says_nothing_is_left_out() -> None:
    assert dict(passed_on({"retry-after": "nan"}, WHOLE_KIND)).keys() == {b"content-type"}


ECHO = b'"tools":[{"parameters":{"usage":{"input_tokens":0,"output_tokens":0}}}]'
CREATED = b'event: response.created\ndata: {"response":{%b,"usage":null},"type":"response.created"}\n\n' % ECHO
SAID = b'data: {"type":"response.output_text.delta","delta":"tok"}\n\n'
COMPLETED = (
    b'data: {"type":"response.completed","response":{"usage":{"input_tokens":3,"output_tokens":5},%b}}\n\n' % ECHO
)


@pytest.mark.parametrize("cut", [1, 7, 1000])
@pytest.mark.parametrize(
    ("frames", "usage"),
    [
        (CREATED + SAID, None),
        (CREATED + SAID + COMPLETED, Usage(3, 5)),
        (CREATED + SAID + COMPLETED.rstrip(), Usage(3, 5)),
        (CREATED + COMPLETED.replace(b"completed", b"incomplete"), Usage(3, 5)),
    ],
)
async def test_what_a_response_repeats_of_its_request_is_no_usage(cut: int, frames: bytes, usage: Usage | None) -> None:
    """A client writes its tools' schemas, and what it writes there would else be what it is billed for."""
    parts = [frames[at : at + cut] for at in range(0, len(frames), cut)]
    client, relayed = await stream(TwinResponse(200, parts), untouched(Endpoint.RESPONSES))
    assert client.answer.body == frames
    assert relayed.tokens() == usage
