"""The official OpenAI client against the gateway: chat, whole and streamed, and every way that it can fail."""

from __future__ import annotations

import asyncio

import httpx
import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessageParam

from tests.contract.conftest import CANDIDATES, UPSTREAM_KEY
from tests.support.processes import FakeProvider
from tests.support.suite import Suite
from tests.support.waiting import PATIENCE_S

HI: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Why is the sky blue?"}]
SAID = "The fake provider says hello."


def test_a_named_model_answers(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="cheap", messages=HI)
    assert answer.choices[0].message.content == SAID
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_auto_is_routed_and_says_why(client: OpenAI, suite: Suite) -> None:
    answer = client.chat.completions.with_raw_response.create(model="auto", messages=HI)
    headers = answer.headers
    assert headers["x-routeiq-model"] in CANDIDATES
    assert headers["x-routeiq-strategy"]
    assert headers["x-routeiq-reason"]
    assert headers["x-routeiq-version"].startswith("c")
    assert headers["x-request-id"]
    assert answer.parse().model == headers["x-routeiq-model"]


def test_a_stream_arrives_in_pieces(client: OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="paced", messages=HI, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == SAID
    assert len(chunks) > 3


def test_a_stream_reports_usage_when_asked(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="auto", messages=HI, stream=True, stream_options={"include_usage": True}
    )
    last = list(stream)[-1]
    assert last.choices == []
    assert last.usage is not None


def test_an_answer_says_what_it_cost(client: OpenAI) -> None:
    answer = client.chat.completions.with_raw_response.create(model="priced", messages=HI)
    usage = answer.parse().usage
    assert usage is not None
    expected = (usage.prompt_tokens + 2 * usage.completion_tokens) / 1e6
    assert float(answer.headers["x-litellm-response-cost"]) == pytest.approx(expected, abs=1e-12)
    assert float(answer.headers["x-litellm-response-cost-input"]) == pytest.approx(usage.prompt_tokens / 1e6)
    unknown = client.chat.completions.with_raw_response.create(model="cheap", messages=HI)
    assert "x-litellm-response-cost" not in unknown.headers


def test_a_stream_does_not_say_what_it_will_cost(client: OpenAI) -> None:
    with client.chat.completions.with_streaming_response.create(model="priced", messages=HI, stream=True) as answer:
        assert "x-litellm-response-cost" not in answer.headers
        assert b"[DONE]" in answer.read()


def test_embeddings_say_what_they_cost_by_the_public_price(client: OpenAI) -> None:
    answer = client.embeddings.with_raw_response.create(model="embed", input=["a", "b"])
    assert answer.headers["x-litellm-response-cost"] == "0.00000006"


async def test_the_async_client_works_too(async_client: AsyncOpenAI) -> None:
    answers = await asyncio.gather(
        *(async_client.chat.completions.create(model="auto", messages=HI) for _ in range(20))
    )
    assert {answer.choices[0].message.content for answer in answers} == {SAID}


async def test_the_async_client_streams(async_client: AsyncOpenAI) -> None:
    stream = await async_client.chat.completions.create(model="cheap", messages=HI, stream=True)
    assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]) == SAID


def test_tools_pass_through(client: OpenAI) -> None:
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
    answer = client.chat.completions.create(model="tool", messages=HI, tools=[tool])  # type: ignore[list-item]
    assert answer.choices[0].message.tool_calls is not None


def test_a_compressed_upstream_is_read(client: OpenAI) -> None:
    assert client.chat.completions.create(model="gzip", messages=HI).choices[0].message.content == SAID


@pytest.mark.parametrize("stream", [False, True])
def test_an_anthropic_model_speaks_openai(client: OpenAI, stream: bool) -> None:
    answer = client.chat.completions.create(model="claude", messages=HI, stream=stream)  # type: ignore[call-overload]
    if stream:
        text = "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)
    else:
        text = answer.choices[0].message.content
    assert text


def test_an_anthropic_model_calls_tools(client: OpenAI) -> None:
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
    answer = client.chat.completions.create(model="claude-tool", messages=HI, tools=[tool])  # type: ignore[list-item]
    calls = answer.choices[0].message.tool_calls
    assert calls is not None
    assert answer.choices[0].finish_reason == "tool_calls"


def test_no_credential_of_the_caller_goes_upstream(suite: Suite, provider: FakeProvider) -> None:
    provider.reset()
    headers = {
        "authorization": f"Bearer {suite.key}",
        "x-api-key": suite.key,
        "cookie": "session=1",
        "x-litellm-api-key": suite.key,
    }
    body = {"model": "cheap", "messages": HI}
    assert (
        httpx.post(
            f"{suite.url}/v1/chat/completions?key={suite.key}", headers=headers, json=body, timeout=PATIENCE_S
        ).status_code
        == 200
    )
    seen = provider.last()
    assert suite.key not in str(seen)
    assert "session=1" not in str(seen)
    assert UPSTREAM_KEY in str(seen["headers"])


def test_a_wrong_key_is_an_authentication_error(suite: Suite) -> None:
    with (
        OpenAI(base_url=f"{suite.url}/v1", api_key="sk-wrong", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError) as caught,
    ):
        stranger.chat.completions.create(model="cheap", messages=HI)
    assert (caught.value.type, caught.value.code) == ("authentication_error", "invalid_api_key")


def test_an_unknown_model_is_not_found(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="no-such-model", messages=HI)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"model":"auto"}', b'{"model":"auto","messages":[]}', b'{"messages":[{}]}']
)
def test_a_bad_body_is_a_bad_request(suite: Suite, body: bytes) -> None:
    answer = httpx.post(
        f"{suite.url}/v1/chat/completions",
        content=body,
        headers={"authorization": f"Bearer {suite.key}"},
        timeout=PATIENCE_S,
    )
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_a_20_mib_body_is_refused_clearly(client: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "x" * (20 * 1024 * 1024)}])
    assert (caught.value.status_code, caught.value.code) == (413, "request_too_large")


@pytest.mark.parametrize("stream", [False, True])
def test_an_upstream_that_dies_before_its_answer_is_a_502(client: OpenAI, stream: bool) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="die-before", messages=HI, stream=stream)
    assert (caught.value.status_code, caught.value.code) == (502, "upstream_failed")


def test_an_upstream_that_dies_in_mid_stream_is_an_error_event(client: OpenAI) -> None:
    seen = []
    with pytest.raises(openai.APIError) as caught:
        seen.extend(client.chat.completions.create(model="die-mid-stream", messages=HI, stream=True))
    assert caught.value.code == "upstream_failed"


@pytest.mark.parametrize(
    ("model", "kind", "status"),
    [
        ("status-400", openai.BadRequestError, 400),
        ("status-429", openai.RateLimitError, 429),
        ("status-500", openai.InternalServerError, 500),
    ],
)
def test_a_true_upstream_error_reaches_the_client(
    client: OpenAI, model: str, kind: type[openai.APIStatusError], status: int
) -> None:
    with pytest.raises(kind) as caught:
        client.chat.completions.create(model=model, messages=HI)
    assert caught.value.status_code == status


def test_retry_after_is_passed_on(client: OpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="status-429", messages=HI)
    assert caught.value.response.headers["retry-after"] == "7"


def test_a_refused_upstream_key_is_not_shown_as_the_callers(client: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="status-401", messages=HI)
    assert caught.value.code == "upstream_authentication_error"
    assert UPSTREAM_KEY not in caught.value.response.text


@pytest.mark.parametrize("model", ["garbage", "html-error"])
def test_nonsense_from_upstream_becomes_a_clear_error(client: OpenAI, model: str) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model=model, messages=HI)
    assert caught.value.response.json()["error"]["message"]


def test_a_silent_upstream_times_out(client: OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="slow-head", messages=HI)
    assert (caught.value.status_code, caught.value.code) == (504, "upstream_timeout")


def test_a_client_that_leaves_cancels_its_upstream(suite: Suite, provider: FakeProvider) -> None:
    provider.reset()
    headers = {"authorization": f"Bearer {suite.key}"}
    body = {"model": "slow-head", "messages": HI}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{suite.url}/v1/chat/completions", headers=headers, json=body, timeout=0.5)
    provider.wait_until_idle()
    assert provider.state()["left"] == 1


@pytest.mark.parametrize(
    "name",
    ["authorization", "x-api-key", "api-key", "x-goog-api-key", "x-litellm-api-key", "ocp-apim-subscription-key"],
)
def test_a_key_is_found_wherever_a_client_puts_it(suite: Suite, name: str) -> None:
    value = f"Bearer {suite.key}" if name == "authorization" else suite.key
    assert httpx.get(f"{suite.url}/v1/models", headers={name: value}, timeout=PATIENCE_S).status_code == 200


def test_bare_paths_work_as_well(suite: Suite) -> None:
    with OpenAI(base_url=suite.url, api_key=suite.key, max_retries=0) as bare:
        assert bare.chat.completions.create(model="cheap", messages=HI).choices
        assert bare.models.list().data
