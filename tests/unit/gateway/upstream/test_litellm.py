"""The provider around litellm's SDK, with a stand-in for the SDK."""

from __future__ import annotations

import asyncio
import json

import msgspec
import pytest

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.upstream.litellm_errors import LiteLLMMissing
from routeiq.gateway.upstream.litellm_provider import LiteLLM
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamTimeout
from routeiq.gateway.upstream.requests import UpstreamRequest
from routeiq.kit.errors import InvalidRequest
from routeiq.kit.outbound import Origin, OutboundRefused
from tests.support.litellm_sdk import SDK, Dumped, SDKError, Stream
from tests.support.upstream import KEY, deployment, read_json, read_stream, request


def provider(result: object) -> tuple[LiteLLM, SDK]:
    sdk = SDK(result)
    return LiteLLM(load=lambda: sdk), sdk


def chunk(delta: dict[str, object], reason: str | None = None, **more: object) -> Dumped:
    choice: dict[str, object] = {"index": 0, "delta": delta, **({"finish_reason": reason} if reason else {})}
    return Dumped(id="c", object="chat.completion.chunk", choices=[choice], **more)


async def test_only_openais_fields_and_the_deployments_own_become_arguments() -> None:
    litellm, sdk = provider(Dumped(id="x"))
    target = deployment(
        "cohere_chat", "command", "http://c", aws_region_name="eu", rpm=5, temperature=0.5, mock_response="no"
    )
    answer = await read_json(await litellm.send(request({"metadata": {"a": "b"}}), target))
    assert answer == {"id": "x"}
    assert sdk.arguments == {
        "model": "cohere_chat/command",
        "messages": [{"role": "user", "content": "Hello"}],
        "temperature": 0.5,
        "aws_region_name": "eu",
        "api_base": "http://c",
        "api_key": KEY,
        "timeout": 5.0,
        "num_retries": 0,
        "max_retries": 0,
        "drop_params": False,
    }


@pytest.mark.parametrize(
    "field",
    ["api_base", "base_url", "api_key", "user_config", "mock_response", "litellm_params", "extra_headers", "logger_fn"],
)
async def test_a_caller_cannot_steer_the_sdk(field: str) -> None:
    litellm, sdk = provider(Dumped(id="x"))
    with pytest.raises(InvalidRequest) as refused:
        await litellm.send(request({field: "x"}), deployment("cohere_chat"))
    assert refused.value.param == field
    assert sdk.arguments == {}


async def test_a_number_without_end_is_the_callers_error() -> None:
    litellm, _ = provider(Dumped(id="x"))
    asked = request()
    body = {**asked.body, "max_tokens": msgspec.Raw(b"1e400")}
    asked = UpstreamRequest(asked.endpoint, body, asked.stream, asked.headers, asked.timeout_s, asked.request_id)
    with pytest.raises(InvalidRequest) as refused:
        await litellm.send(asked, deployment("cohere_chat"))
    assert refused.value.param == "max_tokens"


async def test_embeddings_take_their_own_fields() -> None:
    litellm, sdk = provider(Dumped(data=[]))
    await litellm.send(request({"dimensions": 3}, endpoint=Endpoint.EMBEDDINGS), deployment("cohere"))
    assert (sdk.arguments["input"], sdk.arguments["dimensions"]) == ("Hello", 3)
    with pytest.raises(InvalidRequest):
        await litellm.send(request({"messages": []}, endpoint=Endpoint.EMBEDDINGS), deployment("cohere"))


@pytest.mark.parametrize("include_usage", [True, False])
async def test_a_stream_gets_openais_form(include_usage: bool) -> None:
    stream = Stream(chunk({"content": "Hi"}), chunk({}, "stop"), chunk({}, usage={"total_tokens": 3}))
    litellm, sdk = provider(stream)
    sent = request({"stream_options": {"include_usage": include_usage}}, stream=True)
    response = await litellm.send(sent, deployment("cohere_chat"))
    *frames, done, _ = (await read_stream(response)).split(b"\n\n")
    parsed = [json.loads(frame.removeprefix(b"data: ")) for frame in frames]
    assert done == b"data: [DONE]"
    assert [item["choices"] for item in parsed[:2]] == [
        [{"finish_reason": None, "index": 0, "delta": {"content": "Hi"}}],
        [{"finish_reason": "stop", "index": 0, "delta": {}}],
    ]
    usage = {"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": {"total_tokens": 3}}
    assert parsed[2:] == ([usage] if include_usage else [])
    assert sdk.arguments["stream"] is True
    assert stream.closed


async def test_a_stream_that_breaks_or_stalls_fails() -> None:
    litellm, _ = provider(Stream(chunk({"content": "Hi"}), SDKError(f"at http://inner {KEY}", 500)))
    with pytest.raises(UpstreamFailed) as failed:
        await read_stream(await litellm.send(request(stream=True), deployment("cohere_chat")))
    assert failed.value.message == "`group` gave no usable answer (SDKError)."
    litellm, _ = provider(Stream(chunk({"content": "Hi"}), stall=True))
    with pytest.raises(UpstreamTimeout):
        await read_stream(await litellm.send(request(stream=True, timeout_s=0.05), deployment("cohere_chat")))


async def test_none_is_no_answer() -> None:
    litellm, _ = provider(None)
    with pytest.raises(UpstreamFailed, match="gave no answer"):
        await litellm.send(request(), deployment("cohere_chat"))


async def test_an_error_of_the_sdk_is_the_upstreams_refusal() -> None:
    litellm, _ = provider(SDKError("litellm.X: XException - no", 422, {}))
    response = await litellm.send(request(), deployment("cohere_chat"))
    assert response.status == 422


async def test_the_sdk_is_loaded_once_and_closed() -> None:
    loaded: list[SDK] = []

    def load() -> SDK:
        loaded.append(SDK(Dumped(id="x")))
        return loaded[-1]

    litellm = LiteLLM(load=load)
    await asyncio.gather(*(litellm.send(request(), deployment("cohere_chat")) for _ in range(5)))
    session = loaded[0].aclient_session
    await litellm.close()
    await litellm.close()
    assert len(loaded) == 1
    assert session is not None
    assert session.closed
    assert loaded[0].cached_clients_closed


async def test_a_missing_library_is_said() -> None:
    def load() -> SDK:
        raise LiteLLMMissing("not installed")

    with pytest.raises(LiteLLMMissing):
        await LiteLLM(load=load).send(request(), deployment("cohere_chat"))


async def test_an_address_that_must_not_be_called_never_reaches_the_sdk() -> None:
    async def refuse(url: str, origin: Origin) -> None:
        raise OutboundRefused("points at a metadata address")

    called: list[object] = []
    provider = LiteLLM(load=lambda: called.append("loaded"), authorize=refuse)
    with pytest.raises(UpstreamFailed, match="not allowed"):
        await provider.send(request(), deployment("cohere_chat", api_base="http://169.254.169.254/"))
    assert called == []
