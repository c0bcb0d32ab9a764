"""Anthropic's own client against the gateway: `/v1/messages` whole and streamed, tools, and every kind of refusal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import MessageParam, ToolParam

from tests.contract.conftest import UPSTREAM_KEY
from tests.support.processes import FakeProvider
from tests.support.suite import Suite
from tests.support.waiting import PATIENCE_S

HI: list[MessageParam] = [{"role": "user", "content": "Hi"}]
WEATHER: ToolParam = {"name": "get_weather", "input_schema": {"type": "object", "properties": {}}}
SAID = "The fake provider says hello."


@pytest.fixture
def client(suite: Suite) -> Iterator[Anthropic]:
    """With `x-api-key`, as it is made."""
    with Anthropic(base_url=suite.url, api_key=suite.key, max_retries=0, timeout=PATIENCE_S) as made:
        yield made


@pytest.fixture
async def async_client(suite: Suite) -> AsyncIterator[AsyncAnthropic]:
    """With a bearer token, its other way to authenticate."""
    async with AsyncAnthropic(base_url=suite.url, auth_token=suite.key, max_retries=0, timeout=PATIENCE_S) as made:
        yield made


def text(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def test_a_message_is_answered(client: Anthropic, provider: FakeProvider) -> None:
    message = client.messages.create(model="claude", max_tokens=20, messages=HI)
    assert (text(message), message.model, message.role, message.stop_reason) == (
        SAID,
        "claude",
        "assistant",
        "end_turn",
    )
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 0
    seen = provider.log()[-1]["headers"]
    assert seen["x-api-key"] == UPSTREAM_KEY  # type: ignore[index]


def test_a_message_says_what_it_cost(client: Anthropic) -> None:
    answer = client.messages.with_raw_response.create(model="claude", max_tokens=20, messages=HI)
    usage = answer.parse().usage
    cached = 0.1 * (usage.cache_read_input_tokens or 0) + 1.25 * (usage.cache_creation_input_tokens or 0)
    expected = (usage.input_tokens + cached + 2 * usage.output_tokens) / 1e6
    assert cached > 0
    assert float(answer.headers["x-litellm-response-cost"]) == pytest.approx(expected, abs=1e-12)


async def test_a_message_is_answered_under_a_bearer_token(async_client: AsyncAnthropic) -> None:
    assert text(await async_client.messages.create(model="claude", max_tokens=20, messages=HI)) == SAID


def test_a_stream_adds_up_to_the_message(client: Anthropic) -> None:
    with client.messages.stream(model="claude", max_tokens=20, messages=HI) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()
    assert len(pieces) > 1
    assert ("".join(pieces), text(message), message.model) == (SAID, SAID, "claude")
    assert message.usage.output_tokens > 0


async def test_raw_events_come_in_order(async_client: AsyncAnthropic) -> None:
    events = [
        event.type
        async for event in await async_client.messages.create(model="claude", max_tokens=20, messages=HI, stream=True)
    ]
    assert (events[0], events[-2:]) == ("message_start", ["message_delta", "message_stop"])
    assert "content_block_delta" in events


def test_a_tool_is_called(client: Anthropic) -> None:
    message = client.messages.create(model="claude-tool", max_tokens=20, messages=HI, tools=[WEATHER])
    assert message.stop_reason == "tool_use"
    assert [block.name for block in message.content if block.type == "tool_use"] == ["get_weather"]


def test_a_streamed_tool_call_has_its_arguments(client: Anthropic) -> None:
    with client.messages.stream(model="claude-tool", max_tokens=20, messages=HI, tools=[WEATHER]) as stream:
        message = stream.get_final_message()
    (called,) = [block for block in message.content if block.type == "tool_use"]
    assert isinstance(called.input, dict)
    assert called.input


REFUSALS = [
    ("no-such-model", anthropic.NotFoundError, 404, "not_found_error"),
    ("cheap", anthropic.InternalServerError, 501, "api_error"),
    ("claude-status-400", anthropic.BadRequestError, 400, "invalid_request_error"),
    ("claude-status-401", anthropic.AuthenticationError, 401, "authentication_error"),
    ("claude-status-429", anthropic.RateLimitError, 429, "rate_limit_error"),
    ("claude-status-529", anthropic.APIStatusError, 529, "overloaded_error"),
    ("claude-die-before", anthropic.InternalServerError, 502, "api_error"),
]


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("model", "kind", "status", "code"), REFUSALS)
def test_a_refusal_is_the_error_that_anthropic_would_raise(
    client: Anthropic, model: str, kind: type[anthropic.APIStatusError], status: int, code: str, streams: bool
) -> None:
    with pytest.raises(kind) as caught:
        client.messages.create(model=model, max_tokens=20, messages=HI, stream=streams)
    body = caught.value.body
    assert isinstance(body, dict)
    assert (caught.value.status_code, body["type"], body["error"]["type"]) == (status, "error", code)
    assert "request_id" in body
    assert UPSTREAM_KEY not in str(body)


def test_a_body_without_what_is_needed_is_a_bad_request(client: Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError):
        client.messages.create(model="claude", max_tokens=20, messages="Hi")  # type: ignore[arg-type]  # that is the test


def test_a_wrong_key_is_an_authentication_error(suite: Suite) -> None:
    with (
        Anthropic(base_url=suite.url, api_key="sk-wrong", max_retries=0) as stranger,
        pytest.raises(anthropic.AuthenticationError) as caught,
    ):
        stranger.messages.create(model="claude", max_tokens=20, messages=HI)
    assert caught.value.status_code == 401


def test_a_stream_that_dies_raises_and_ends(client: Anthropic) -> None:
    with (
        pytest.raises(anthropic.APIError) as caught,
        client.messages.stream(model="claude-die-mid-stream", max_tokens=20, messages=HI) as stream,
    ):
        stream.until_done()
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["error"]["type"] == "api_error"
