"""What goes to an OpenAI-compatible upstream and what comes of its answers."""

from __future__ import annotations

from typing import Any

import pytest

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.upstream.azure import Azure
from routeiq.gateway.upstream.openai_compatible import KINDS, OpenAICompatible
from routeiq.gateway.upstream.provider import UpstreamFailed
from tests.support.upstream import KEY, answer, deployment, read_json, read_stream, request, stream_answer

OK = {"id": "x", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}


async def test_the_model_and_the_credential_are_replaced_and_nothing_else() -> None:
    http = answer(OK)
    sent = request(
        {"temperature": 0.5, "unknown": {"kept": [1]}}, headers=(("Authorization", "Bearer sk-caller"), ("x-a", "b"))
    )
    response = await OpenAICompatible(http, KINDS["openai"]).send(sent, deployment(organization="org-1", project="p1"))
    assert await read_json(response) == OK
    assert http.requests[0].url == "https://api.openai.com/v1/chat/completions"
    assert http.body == {
        "model": "gpt-x",
        "messages": [{"role": "user", "content": "Hello"}],
        "temperature": 0.5,
        "unknown": {"kept": [1]},
    }
    assert http.headers == {
        "x-a": "b",
        "content-type": "application/json",
        "accept": "application/json",
        "authorization": f"Bearer {KEY}",
        "openai-organization": "org-1",
        "openai-project": "p1",
    }


async def test_defaults_yield_to_the_caller_and_extras_to_nobody() -> None:
    http = answer(OK)
    target = deployment(
        temperature=0.1,
        top_p=0.9,
        rpm=5,
        extra_body={"top_k": 3, "seed": 1},
        extra_headers={"X-Team": "t", "Authorization": "Basic x"},
    )
    await OpenAICompatible(http, KINDS["openai"]).send(request({"temperature": 0.7, "seed": 9}), target)
    assert http.body["temperature"] == 0.7
    assert (http.body["top_p"], http.body["top_k"], http.body["seed"]) == (0.9, 3, 1)
    assert "rpm" not in http.body
    assert (http.headers["x-team"], http.headers["authorization"]) == ("t", "Basic x")


@pytest.mark.parametrize(
    ("provider", "model", "api_base", "url", "sent_model"),
    [
        ("hosted_vllm", "a/b", "http://vllm:8000/v1/", "http://vllm:8000/v1/embeddings", "a/b"),
        ("ollama", "llama", None, "http://127.0.0.1:11434/v1/embeddings", "llama"),
        ("ollama", "llama", "http://o:1/v1", "http://o:1/v1/embeddings", "llama"),
        ("fireworks_ai", "m", None, "https://api.fireworks.ai/inference/v1/embeddings", "accounts/fireworks/models/m"),
        ("fireworks_ai", "accounts/x/m", None, "https://api.fireworks.ai/inference/v1/embeddings", "accounts/x/m"),
    ],
)
async def test_addresses_and_model_names(
    provider: str, model: str, api_base: str | None, url: str, sent_model: str
) -> None:
    http = answer(OK)
    target = deployment(provider, model, api_base, api_key=None)
    await OpenAICompatible(http, KINDS[provider]).send(request(endpoint=Endpoint.EMBEDDINGS), target)
    assert (http.requests[0].url, http.body["model"]) == (url, sent_model)
    assert "authorization" not in http.headers


async def test_a_missing_address_is_a_clear_failure() -> None:
    with pytest.raises(UpstreamFailed, match="`group` has no `api_base`"):
        await OpenAICompatible(answer(OK), KINDS["hosted_vllm"]).send(request(), deployment("hosted_vllm"))
    with pytest.raises(UpstreamFailed, match="`group` has no `api_base`"):
        await Azure(answer(OK)).send(request(), deployment("azure"))


async def test_a_stream_is_not_touched() -> None:
    frames = (b'data: {"a":1}\r\n\r\n: hi\n', b"\ndata: [DONE]\n\n")
    http = stream_answer(*frames)
    response = await OpenAICompatible(http, KINDS["openai"]).send(request(stream=True), deployment())
    assert await read_stream(response) == b"".join(frames)
    assert (http.headers["accept"], http.headers["accept-encoding"]) == ("text/event-stream", "identity")


async def test_a_redirect_and_a_page_instead_of_a_stream_are_failures() -> None:
    with pytest.raises(UpstreamFailed, match="status 302"):
        await OpenAICompatible(answer(b"", 302), KINDS["openai"]).send(request(), deployment())
    with pytest.raises(UpstreamFailed, match="not an event stream"):
        await OpenAICompatible(answer(OK), KINDS["openai"]).send(request(stream=True), deployment())


async def test_a_refusal_is_kept_with_its_code_status_and_retry_after() -> None:
    body = {"error": {"message": "Slow", "type": "rate_limit_error", "param": None, "code": "tokens", "extra": 1}}
    response = await OpenAICompatible(answer(body, 429, retry_after="7"), KINDS["openai"]).send(
        request(stream=True), deployment()
    )
    assert (response.status, response.headers["retry-after"]) == (429, "7")
    assert await read_json(response) == body


@pytest.mark.parametrize(
    ("api_base", "params", "url", "header"),
    [
        (
            "https://x.azure.com/",
            {},
            "https://x.azure.com/openai/deployments/dep%2Fx/chat/completions?api-version=2024-10-21",
            ("api-key", KEY),
        ),
        (
            "https://x.azure.com/openai",
            {"api_version": "v9", "azure_ad_token": "tok"},
            "https://x.azure.com/openai/deployments/dep%2Fx/chat/completions?api-version=v9",
            ("authorization", "Bearer tok"),
        ),
        ("https://x.azure.com/openai/v1", {}, "https://x.azure.com/openai/v1/chat/completions", ("api-key", KEY)),
    ],
)
async def test_azure_paths_and_credentials(
    api_base: str, params: dict[str, Any], url: str, header: tuple[str, str]
) -> None:
    http = answer(OK)
    provider = Azure(http)
    await provider.send(request(), deployment("azure", "dep/x", api_base, **params))
    await provider.close()
    assert http.requests[0].url == url
    assert header in http.headers.items()
    assert http.body["model"] == "dep/x"


async def test_azure_without_a_key_sends_none() -> None:
    http = answer(OK)
    await Azure(http).send(request(), deployment("azure", "d", "https://x", api_key=None))
    assert not {"api-key", "authorization"} & http.headers.keys()
