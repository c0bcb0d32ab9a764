"""What a deployment adds to the caller's request."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from routeiq.config.document.models import SENT_BY_US
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.upstream.request_body import DEFAULTS, Sent, text_param
from tests.support.upstream import deployment, request


def names(body: dict[str, object], endpoint: Endpoint = Endpoint.CHAT, **params: Any) -> dict[str, object]:
    merged = Sent(deployment(**params), "m", {}).body(request(body, endpoint=endpoint))
    return {
        name: msgspec.json.decode(value) for name, value in merged.items() if name not in ("messages", "model", "input")
    }


def test_a_default_limit_yields_to_the_callers_under_either_name() -> None:
    assert names({"max_completion_tokens": 5}, max_tokens=9) == {"max_completion_tokens": 5}
    assert names({}, provider="anthropic", max_tokens=9, seed=None) == {"max_tokens": 9}


OLD, NEW = {"max_tokens": 5}, {"max_completion_tokens": 5}


@pytest.mark.parametrize(
    ("provider", "api_base", "given", "sent"),
    [
        ("openai", None, OLD, NEW),
        ("openai", "https://api.openai.com/v1", OLD, NEW),
        ("openai", "http://inside:8000/v1", OLD, OLD),
        ("openai", "http://inside:8000/v1", NEW, NEW),
        ("openai", "http://inside:8000/v1", {**OLD, **NEW}, NEW),
        ("openai", None, {"max_tokens": 5, "max_completion_tokens": None}, NEW),
        ("azure", "https://x.openai.azure.com", OLD, OLD),
        ("azure", "https://x.openai.azure.com", {**OLD, **NEW}, NEW),
        ("mistral", None, NEW, OLD),
        ("mistral", None, {**OLD, **NEW}, OLD),
        ("groq", None, NEW, NEW),
        ("groq", None, {**OLD, **NEW}, OLD),
        ("mistral", None, {}, {}),
    ],
)
def test_a_limit_goes_under_one_name_that_the_deployment_knows(
    provider: str, api_base: str | None, given: dict[str, object], sent: dict[str, object]
) -> None:
    assert names(given, provider=provider, api_base=api_base) == sent
    assert names(given, Endpoint.COMPLETIONS, provider=provider, api_base=api_base) == given


def test_a_deployments_default_limit_is_renamed_too() -> None:
    assert names({}, max_tokens=9) == {"max_completion_tokens": 9}


def test_a_parameter_of_another_type_is_no_text() -> None:
    assert text_param(deployment(organization=5), "organization") is None
    assert text_param(deployment(organization="o"), "organization") == "o"


def test_configuration_knows_which_parameters_of_an_entry_are_sent() -> None:
    assert DEFAULTS <= SENT_BY_US


def test_what_a_client_says_again_is_made_once_for_a_deployment() -> None:
    sent = Sent(deployment(), "m", {"authorization": "Bearer k"})
    version = request(headers=(("anthropic-version", "2023-06-01"),))
    first = sent.headers(version)
    assert (first["anthropic-version"], first["authorization"]) == ("2023-06-01", "Bearer k")
    assert sent.headers(version) is first
    assert sent.headers(request(stream=True, headers=version.headers))["accept"] == "text/event-stream"


def test_no_more_than_a_few_are_kept_and_none_that_is_long() -> None:
    sent = Sent(deployment(), "m", {})
    for number in range(100):
        sent.headers(request(headers=(("traceparent", str(number)),)))
    sent.headers(request(headers=(("tracestate", "x" * 1000),)))
    assert len(sent._varied) <= 16
    assert not any("tracestate" in dict(headers) for headers, _ in sent._varied._entries)
