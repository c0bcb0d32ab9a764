"""The official OpenAI clients on the other hot endpoints, and on the paths that name the model."""

from __future__ import annotations

import openai
import pytest
from openai import AzureOpenAI, OpenAI

from tests.support.processes import FakeProvider
from tests.support.suite import Suite

SAID = "The fake provider says hello."


def test_a_text_completion(client: OpenAI) -> None:
    answer = client.completions.create(model="cheap", prompt="Once upon a time")
    assert (answer.choices[0].text, answer.model) == (SAID, "cheap")


def test_a_streamed_text_completion_hides_the_usage_that_nobody_asked_for(
    client: OpenAI, provider: FakeProvider
) -> None:
    chunks = list(client.completions.create(model="cheap", prompt="Once", stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == SAID
    assert provider.log()[-1]["body"]["stream_options"] == {"include_usage": True}  # type: ignore[index,call-overload]


def test_auto_takes_text_completions(client: OpenAI) -> None:
    answer = client.completions.with_raw_response.create(model="auto", prompt=["Solve x + 1 = 2", "and x + 2 = 3"])
    assert answer.headers["x-routeiq-reason"] != "requested_model"
    assert answer.parse().choices[0].text == SAID


def test_a_response(client: OpenAI) -> None:
    answer = client.responses.create(model="cheap", input="Hello")
    assert (answer.output_text, answer.model) == (SAID, "cheap")
    assert answer.metadata == {"model": "of the caller"}


@pytest.mark.parametrize("model", ["cheap", "auto"])
def test_a_streamed_response(client: OpenAI, model: str) -> None:
    events = list(client.responses.create(model=model, input=[{"role": "user", "content": "Hello"}], stream=True))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == SAID
    final = events[-1]
    assert final.type == "response.completed"
    assert final.response.model in ("cheap", "middle", "strong")


def test_a_response_of_a_model_without_the_dialect_is_501(client: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        client.responses.create(model="claude", input="Hello")
    assert (refused.value.status_code, refused.value.code) == (501, "dialect_not_supported")


def test_azures_client_names_the_model_in_the_path(suite: Suite) -> None:
    with AzureOpenAI(
        azure_endpoint=suite.url, api_key=suite.key, api_version="2024-10-21", azure_deployment="cheap", max_retries=0
    ) as azure:
        answer = azure.chat.completions.create(model="ignored", messages=[{"role": "user", "content": "Hi"}])
    assert answer.choices[0].message.content == SAID


@pytest.mark.parametrize("prefix", ["", "/v1", "/openai/v1", "/engines/cheap", "/openai/deployments/cheap"])
def test_every_prefix_serves(suite: Suite, prefix: str) -> None:
    with OpenAI(base_url=f"{suite.url}{prefix}", api_key=suite.key, max_retries=0) as made:
        answer = made.chat.completions.create(model="cheap", messages=[{"role": "user", "content": "Hi"}])
    assert answer.choices[0].message.content == SAID
