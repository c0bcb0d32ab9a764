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
