"""`/messages`: relayed to Anthropic's own models, with Anthropic's headers, errors and events."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.contract.conftest import UPSTREAM_KEY
from tests.support.processes import FakeProvider
from tests.support.suite import Suite
from tests.support.waiting import PATIENCE_S

BODY = {"model": "claude", "max_tokens": 20, "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture
def http(suite: Suite) -> Iterator[httpx.Client]:
    headers = {"x-api-key": suite.key, "anthropic-version": "2023-06-01", "anthropic-beta": "context-1m"}
    with httpx.Client(base_url=suite.url, headers=headers, timeout=PATIENCE_S) as made:
        yield made


def test_a_message_goes_to_anthropic_and_back(http: httpx.Client, provider: FakeProvider) -> None:
    answer = http.post("/v1/messages", json=BODY)
    assert (answer.status_code, answer.json()["model"]) == (200, "claude")
    assert answer.json()["content"][0]["text"] == "The fake provider says hello."
    seen = provider.log()[-1]["headers"]
    assert (seen["x-api-key"], seen["anthropic-beta"]) == (UPSTREAM_KEY, "context-1m")  # type: ignore[index]


def test_a_streamed_message_keeps_its_events(http: httpx.Client) -> None:
    answer = http.post("/messages", json={**BODY, "stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert (events[0], events[-1]) == ("message_start", "message_stop")
    first = json.loads(answer.text.split("data: ", 1)[1].splitlines()[0])
    assert first["message"]["model"] == "claude"


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({**BODY, "model": "nope"}, 404, "not_found_error"),
        ({"model": "claude"}, 400, "invalid_request_error"),
        ({**BODY, "model": "cheap"}, 501, "api_error"),
    ],
)
def test_errors_have_anthropics_shape(http: httpx.Client, body: dict[str, object], status: int, kind: str) -> None:
    answer = http.post("/v1/messages", json=body)
    assert (answer.status_code, answer.json()["type"], answer.json()["error"]["type"]) == (status, "error", kind)
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_a_wrong_key_too(suite: Suite) -> None:
    answer = httpx.post(f"{suite.url}/v1/messages", json=BODY, headers={"x-api-key": "wrong"}, timeout=PATIENCE_S)
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")
