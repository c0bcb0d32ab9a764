"""The provider around the translation: address, headers, errors, the ends of streams."""

from __future__ import annotations

import json

import pytest

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.upstream.anthropic import Anthropic
from routeiq.gateway.upstream.provider import UpstreamFailed
from routeiq.kit.errors import InvalidRequest
from tests.support.upstream import KEY, answer, deployment, read_json, read_stream, request, stream_answer

MESSAGE = {
    "id": "m",
    "model": "claude-x",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1, "output_tokens": 2},
}


def frame(event: dict[str, object]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


START = frame({"type": "message_start", "message": {**MESSAGE, "content": []}})
TEXT = frame({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}})
FINISH = frame({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}})
STOP = frame({"type": "message_stop"})


@pytest.mark.parametrize(
    "base",
    [None, "https://api.anthropic.com", "https://api.anthropic.com/v1/", "https://api.anthropic.com/v1/messages"],
)
async def test_a_unary_call(base: str | None) -> None:
    http = answer(MESSAGE)
    provider = Anthropic(http, clock=lambda: 5.9)
    target = deployment(
        "anthropic",
        "claude-x",
        base,
        max_tokens=99,
        extra_body={"context_management": {"a": 1}},
        extra_headers={"anthropic-beta": "b"},
    )
    completion = await read_json(await provider.send(request(), target))
    await provider.close()
    assert (completion["created"], completion["object"]) == (5, "chat.completion")
    assert http.requests[0].url == "https://api.anthropic.com/v1/messages"
    assert (http.headers["x-api-key"], http.headers["anthropic-version"], http.headers["anthropic-beta"]) == (
        KEY,
        "2023-06-01",
        "b",
    )
    assert "authorization" not in http.headers
    assert (http.body["model"], http.body["max_tokens"], http.body["context_management"]) == ("claude-x", 99, {"a": 1})


async def test_a_stream_with_usage() -> None:
    http = stream_answer(START + TEXT[:10], TEXT[10:] + FINISH, STOP.rstrip())
    sent = request({"stream_options": {"include_usage": True}}, stream=True)
    response = await Anthropic(http).send(sent, deployment("anthropic", api_key=None))
    assert response.headers["content-type"].startswith("text/event-stream")
    frames = (await read_stream(response)).split(b"\n\n")
    assert frames[-2] == b"data: [DONE]"
    assert json.loads(frames[-3].removeprefix(b"data: "))["usage"]["total_tokens"] == 3
    assert "x-api-key" not in http.headers
    assert http.body["stream"] is True


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        ((START, TEXT), "ended before its answer was complete"),
        ((), "ended before its answer was complete"),
        (
            (START, frame({"type": "error", "error": {"type": "overloaded_error", "message": f"Overloaded {KEY}"}})),
            r"overloaded_error: Overloaded \[redacted\]",
        ),
        ((START, b"data: {nonsense\n\n"), "broke off"),
    ],
)
async def test_a_stream_without_a_whole_answer_fails(chunks: tuple[bytes, ...], words: str) -> None:
    response = await Anthropic(stream_answer(*chunks)).send(request(stream=True), deployment("anthropic"))
    with pytest.raises(UpstreamFailed, match=words):
        await read_stream(response)


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (529, "overloaded_error", (503, "overloaded")),
        (429, "rate_limit_error", (429, "rate_limit_exceeded")),
        (401, "authentication_error", (401, "upstream_authentication_error")),
    ],
)
async def test_refusals(status: int, kind: str, expected: tuple[int, str]) -> None:
    http = answer({"type": "error", "error": {"type": kind, "message": "m"}}, status, retry_after="3")
    response = await Anthropic(http).send(request(), deployment("anthropic"))
    error = (await read_json(response))["error"]
    assert isinstance(error, dict)
    assert (response.status, error["code"]) == expected
    assert response.headers["retry-after"] == "3"


async def test_a_refusal_that_is_not_anthropics_is_wrapped() -> None:
    response = await Anthropic(answer(b"<html>", 502)).send(request(), deployment("anthropic"))
    assert "without an explanation" in str(await read_json(response))


async def test_an_answer_that_is_no_message_fails() -> None:
    with pytest.raises(UpstreamFailed, match="not an Anthropic message"):
        await Anthropic(answer({"id": "x"})).send(request(), deployment("anthropic"))


async def test_embeddings_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="chat completions only"):
        await Anthropic(answer(MESSAGE)).send(request(endpoint=Endpoint.EMBEDDINGS), deployment("anthropic"))


async def test_unsupported_fields_are_refused_or_dropped_by_the_deployment() -> None:
    with pytest.raises(InvalidRequest):
        await Anthropic(answer(MESSAGE)).send(request({"n": 2}), deployment("anthropic"))
    http = answer(MESSAGE)
    await Anthropic(http).send(request({"n": 2}), deployment("anthropic", drop_params=True))
    assert "n" not in http.body
