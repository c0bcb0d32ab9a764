"""OpenAI-compatible, Azure and Anthropic providers against the fake provider's process."""

from __future__ import annotations

import asyncio
import json

import pytest

from routeiq.config.state import Deployment
from routeiq.gateway.dialects.usage import NotAnAnswer, read_usage
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.upstream.http import HTTPClient
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamTimeout
from routeiq.gateway.upstream.registry import Providers
from tests.support.processes import FakeProvider
from tests.support.upstream import KEY, deployment, read_json, read_stream, request

KINDS = ["hosted_vllm", "azure", "anthropic"]
CALLER = (("authorization", "Bearer sk-caller"), ("x-api-key", "sk-caller"), ("cookie", "sk-caller"), ("x-trace", "t"))


def target(fake: FakeProvider, kind: str, model: str = "fake") -> Deployment:
    return deployment(kind, model, fake.url if kind == "azure" else fake.api_base)


@pytest.fixture
def providers(http: HTTPClient) -> Providers:
    return Providers(http)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_unary_answer(providers: Providers, fake: FakeProvider, kind: str) -> None:
    response = await providers.send(request(headers=CALLER), target(fake, kind))
    completion = await read_json(response)
    await response.close()
    assert completion["choices"][0]["message"]["content"] == "The fake provider says hello."  # type: ignore[index]
    assert completion["usage"]["prompt_tokens"] == (17 if kind == "anthropic" else 11)  # type: ignore[index]
    seen = json.dumps(fake.last())
    assert "sk-caller" not in seen
    assert KEY in seen
    assert '"x-trace": "t"' in seen


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stream(providers: Providers, fake: FakeProvider, kind: str) -> None:
    sent = request({"stream_options": {"include_usage": True}}, stream=True)
    frames = await read_stream(await providers.send(sent, target(fake, kind)))
    *chunks, done, end = frames.split(b"\n\n")
    parsed = [json.loads(chunk.removeprefix(b"data: ")) for chunk in chunks]
    said = "".join(choice["delta"].get("content", "") for chunk in parsed for choice in chunk["choices"])
    assert (said, done, end) == ("The fake provider says hello.", b"data: [DONE]", b"")
    assert (parsed[-1]["choices"], parsed[-1]["usage"]["completion_tokens"]) == ([], 6)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_tool_call_in_a_stream(providers: Providers, fake: FakeProvider, kind: str) -> None:
    frames = await read_stream(await providers.send(request(stream=True), target(fake, kind, "tool")))
    chunks = [json.loads(chunk.removeprefix(b"data: ")) for chunk in frames.split(b"\n\n")[:-2]]
    calls = [call for chunk in chunks for choice in chunk["choices"] for call in choice["delta"].get("tool_calls", ())]
    assert calls[0]["function"]["name"] == "get_weather"
    assert json.loads("".join(call["function"]["arguments"] for call in calls)) == {"city": "Oslo"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "code"), [(401, "upstream_authentication_error"), (429, None), (500, None), (503, None)]
)
async def test_refusals(providers: Providers, fake: FakeProvider, kind: str, status: int, code: str | None) -> None:
    response = await providers.send(request(stream=True), target(fake, kind, f"status-{status}"))
    error = (await read_json(response))["error"]
    assert response.status == status
    assert KEY not in str(error)
    assert response.headers.get("retry-after") == ("7" if status in (429, 503) else None)
    if code or kind != "anthropic":
        assert error["code"] == (code or f"fake_{status}")  # type: ignore[index]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("behaviour", ["die-before", "not-http", "redirect"])
async def test_no_answer(providers: Providers, fake: FakeProvider, kind: str, behaviour: str) -> None:
    with pytest.raises(UpstreamFailed) as failed:
        await providers.send(request(), target(fake, kind, behaviour))
    assert failed.value.status == 502


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("behaviour", ["die-mid-stream", "garbage", "gzip-cut"])
async def test_no_usable_answer(providers: Providers, fake: FakeProvider, kind: str, behaviour: str) -> None:
    """What passes bytes through leaves it to the pipeline to see that they are an answer."""
    with pytest.raises((UpstreamFailed, NotAnAnswer)):
        read_usage(await (await providers.send(request(), target(fake, kind, behaviour))).read())


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stream_that_dies(providers: Providers, fake: FakeProvider, kind: str) -> None:
    response = await providers.send(request(stream=True), target(fake, kind, "die-mid-stream"))
    with pytest.raises(UpstreamFailed):
        await read_stream(response)


@pytest.mark.parametrize("behaviour", ["no-done", "error-event", "garbage"])
async def test_an_anthropic_stream_that_is_not_whole(providers: Providers, fake: FakeProvider, behaviour: str) -> None:
    response = await providers.send(request(stream=True), target(fake, "anthropic", behaviour))
    with pytest.raises(UpstreamFailed):
        await read_stream(response)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_late_answer(providers: Providers, fake: FakeProvider, kind: str) -> None:
    with pytest.raises(UpstreamTimeout):
        await providers.send(request(timeout_s=0.2), target(fake, kind, "slow-head"))


@pytest.mark.parametrize("kind", KINDS)
async def test_leaving_a_stream_closes_it_upstream(providers: Providers, fake: FakeProvider, kind: str) -> None:
    response = await providers.send(request(stream=True), target(fake, kind, "stall"))
    await anext(aiter(response.chunks()))
    await response.close()
    await asyncio.to_thread(fake.wait_until_idle)
    assert fake.state() == {"open": 0, "left": 1}


@pytest.mark.parametrize(
    ("model", "status", "words"),
    [
        ("html-error", 502, "without an explanation"),
        ("list-error", 400, "API key not valid"),
        ("detail-error", 422, "The field is wrong."),
    ],
)
async def test_foreign_error_bodies(
    providers: Providers, fake: FakeProvider, model: str, status: int, words: str
) -> None:
    response = await providers.send(request(), target(fake, "hosted_vllm", model))
    error = (await read_json(response))["error"]
    assert response.status == status
    assert words in error["message"]  # type: ignore[index]


async def test_embeddings(providers: Providers, fake: FakeProvider) -> None:
    sent = request({"encoding_format": "base64"}, endpoint=Endpoint.EMBEDDINGS)
    answer = await read_json(await providers.send(sent, target(fake, "openai")))
    assert isinstance(answer["data"][0]["embedding"], str)  # type: ignore[index]
