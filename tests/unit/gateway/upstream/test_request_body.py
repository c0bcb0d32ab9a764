"""What a deployment adds to the caller's request."""

from __future__ import annotations

from typing import Any

import msgspec

from routeiq.config.document.models import SENT_BY_US
from routeiq.gateway.upstream.request_body import DEFAULTS, Sent, text_param
from tests.support.upstream import deployment, request


def names(body: dict[str, object], **params: Any) -> dict[str, object]:
    merged = Sent(deployment(**params), "m", {}).body(request(body))
    return {name: msgspec.json.decode(value) for name, value in merged.items() if name not in ("messages", "model")}


def test_a_default_limit_yields_to_the_callers_under_either_name() -> None:
    assert names({"max_completion_tokens": 5}, max_tokens=9) == {"max_completion_tokens": 5}
    assert names({}, max_tokens=9, seed=None) == {"max_tokens": 9}


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
