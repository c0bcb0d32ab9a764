"""The real litellm SDK against the fake provider. Importing it costs seconds, so all of it stands in this module.

`moonshot` and `perplexity` are names that our own table lacks; litellm calls both in OpenAI's dialect.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from importlib.util import find_spec

import pytest
import pytest_asyncio

from routeiq.config.state import Deployment
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.upstream.litellm_provider import LiteLLM
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamTimeout
from tests.support.processes import FakeProvider
from tests.support.upstream import KEY, deployment, read_json, read_stream, request

pytestmark = [
    pytest.mark.skipif(find_spec("litellm") is None, reason="extra litellm is not installed"),
    pytest.mark.asyncio(loop_scope="module"),  # the SDK binds tasks and clients to the first loop it sees
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::ResourceWarning"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def litellm(shared_fake: FakeProvider) -> AsyncIterator[LiteLLM]:
    """One that was called before: the SDK's first call imports much of it, within the call's time-out."""
    provider = LiteLLM()
    await provider.send(request(timeout_s=60.0), target(shared_fake))
    yield provider
    await provider.close()


def target(fake: FakeProvider, model: str = "fake", provider: str = "moonshot") -> Deployment:
    return deployment(provider, model, fake.api_base)


async def test_a_unary_answer(litellm: LiteLLM, fake: FakeProvider) -> None:
    sent = request(headers=(("authorization", "Bearer sk-caller"),))
    completion = await read_json(await litellm.send(sent, target(fake, provider="perplexity")))
    assert completion["choices"][0]["message"]["content"] == "The fake provider says hello."  # type: ignore[index]
    assert completion["usage"]["prompt_tokens"] == 11  # type: ignore[index]
    headers = fake.last()["headers"]
    assert isinstance(headers, dict)
    assert headers["authorization"] == f"Bearer {KEY}"
    assert "sk-caller" not in str(fake.last())


async def test_no_cookie_goes_back(litellm: LiteLLM, fake: FakeProvider) -> None:
    for _ in range(2):
        await litellm.send(request(), target(fake))
    assert all("cookie" not in seen["headers"] for seen in fake.log())  # type: ignore[operator]


async def test_a_stream_with_the_upstreams_usage(litellm: LiteLLM, fake: FakeProvider) -> None:
    sent = request({"stream_options": {"include_usage": True}}, stream=True)
    *frames, done, _ = (await read_stream(await litellm.send(sent, target(fake)))).split(b"\n\n")
    parsed = [json.loads(frame.removeprefix(b"data: ")) for frame in frames]
    said = "".join(choice["delta"].get("content") or "" for chunk in parsed for choice in chunk["choices"])
    assert (said, done) == ("The fake provider says hello.", b"data: [DONE]")
    assert parsed[-1]["choices"] == []
    assert parsed[-1]["usage"]["prompt_tokens"] == 11
    assert parsed[-2]["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
async def test_refusals_keep_status_code_and_retry_after(litellm: LiteLLM, fake: FakeProvider, status: int) -> None:
    response = await litellm.send(request(), target(fake, f"status-{status}"))
    error = (await read_json(response))["error"]
    assert isinstance(error, dict)
    assert response.status == status
    assert KEY not in str(error)
    assert "litellm" not in str(error).lower()
    assert response.headers.get("retry-after") == ("7" if status in (429, 503) else None)
    if status == 429:
        assert error["code"] == "fake_429"
    assert len(fake.log()) == 1


@pytest.mark.parametrize("model", ["die-before", "garbage", "die-mid-stream"])
async def test_no_usable_answer(litellm: LiteLLM, fake: FakeProvider, model: str) -> None:
    with pytest.raises(UpstreamFailed) as failed:
        await litellm.send(request(), target(fake, model))
    assert "127.0.0.1" not in failed.value.message


@pytest.mark.parametrize("model", ["die-mid-stream", "error-event"])
async def test_a_stream_that_breaks(litellm: LiteLLM, fake: FakeProvider, model: str) -> None:
    response = await litellm.send(request(stream=True), target(fake, model))
    with pytest.raises(UpstreamFailed):
        await read_stream(response)


async def test_a_late_answer(litellm: LiteLLM, fake: FakeProvider) -> None:
    with pytest.raises(UpstreamTimeout):
        await litellm.send(request(timeout_s=0.3), target(fake, "slow-head"))
    await asyncio.to_thread(fake.wait_until_idle)


async def test_leaving_a_stream_closes_it_upstream(litellm: LiteLLM, fake: FakeProvider) -> None:
    response = await litellm.send(request(stream=True), target(fake, "stall"))
    await anext(aiter(response.chunks()))
    await response.close()
    await asyncio.to_thread(fake.wait_until_idle)
    assert fake.state() == {"open": 0, "left": 1}


async def test_embeddings(litellm: LiteLLM, fake: FakeProvider) -> None:
    sent = request(endpoint=Endpoint.EMBEDDINGS)
    answer = await read_json(await litellm.send(sent, deployment("jina_ai", "fake", fake.api_base)))
    assert len(answer["data"][0]["embedding"]) == 8  # type: ignore[index]


async def test_an_unknown_provider_is_refused(litellm: LiteLLM, fake: FakeProvider) -> None:
    response = await litellm.send(request(), target(fake, provider="no_such"))
    assert response.status == 400
