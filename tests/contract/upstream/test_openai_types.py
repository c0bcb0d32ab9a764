"""What we make ourselves is what OpenAI's own SDK describes."""

from __future__ import annotations

import json

import pytest
from openai.types import CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from routeiq.config.state import Deployment
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.upstream.http import HTTPClient
from routeiq.gateway.upstream.registry import Providers
from tests.support.processes import FakeProvider
from tests.support.upstream import deployment, read_stream, request


def targets(fake: FakeProvider) -> list[Deployment]:
    return [
        deployment("simulated", "sim", tokens_per_second=0),
        *(deployment("anthropic", m, fake.api_base) for m in ("fake", "tool")),
    ]


async def test_completions_are_openais(http: HTTPClient, fake: FakeProvider) -> None:
    for target in targets(fake):
        body = await (await Providers(http).send(request(), target)).read()
        completion = ChatCompletion.model_validate_json(body, strict=True)
        assert completion.choices[0].message.role == "assistant"
        assert completion.usage is not None


async def test_chunks_are_openais(http: HTTPClient, fake: FakeProvider) -> None:
    for target in targets(fake):
        sent = request({"stream_options": {"include_usage": True}}, stream=True)
        frames = (await read_stream(await Providers(http).send(sent, target))).split(b"\n\n")
        chunks = [
            ChatCompletionChunk.model_validate_json(frame.removeprefix(b"data: "), strict=True) for frame in frames[:-2]
        ]
        assert chunks[0].choices[0].delta.role == "assistant"
        assert chunks[-1].usage is not None


@pytest.mark.parametrize("given", ["one", ["one", "two"]])
async def test_embeddings_are_openais(http: HTTPClient, given: object) -> None:
    sent = request({"input": given}, endpoint=Endpoint.EMBEDDINGS)
    body = await (await Providers(http).send(sent, deployment("simulated", "sim"))).read()
    assert CreateEmbeddingResponse.model_validate(json.loads(body)).object == "list"
