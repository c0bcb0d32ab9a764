"""What a caller reads, and what stays inside."""

from __future__ import annotations

import json

import pytest

from routeiq.kit.error_bodies import Family, anthropic_error, error_headers, internal_body, openai_body, stream_event
from routeiq.kit.errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidRequest,
    MethodNotAllowed,
    RouteIQError,
    Unavailable,
)


def test_a_4xx_says_what_is_wrong() -> None:
    assert json.loads(openai_body(InvalidRequest("no model", param="model"))) == {
        "error": {"message": "no model", "type": "invalid_request_error", "param": "model", "code": "invalid_request"}
    }


def test_a_5xx_keeps_its_text_inside() -> None:
    assert b"password" not in openai_body(RouteIQError("password of the database"))
    assert json.loads(internal_body())["error"]["message"] == "Internal server error"


def test_a_503_says_when_to_come_back() -> None:
    error = Unavailable("full", retry_after_s=3)
    assert error_headers(error) == [(b"retry-after", b"3")]
    assert b"full" in openai_body(error)


def test_a_401_challenges() -> None:
    assert error_headers(AuthenticationError("x")) == [(b"www-authenticate", b"Bearer")]


def test_a_405_says_what_is_allowed() -> None:
    assert error_headers(MethodNotAllowed("x", allow=["GET", "HEAD"])) == [(b"allow", b"GET, HEAD")]


def test_other_errors_carry_no_header() -> None:
    assert error_headers(InvalidRequest("x")) == []


def test_a_stream_ends_with_an_event() -> None:
    event = stream_event(Family.OPENAI, InvalidRequest("x"))
    assert event.startswith(b'data: {"error":{')
    assert event.endswith(b"\n\n")
    event = stream_event(Family.ANTHROPIC, InvalidRequest("x"))
    assert event.startswith(b'event: error\ndata: {"type":"error",')


@pytest.mark.parametrize(
    ("status", "type_"),
    [(400, "invalid_request_error"), (401, "authentication_error"), (413, "request_too_large"), (503, "api_error")],
)
def test_anthropics_errors_have_its_types(status: int, type_: str) -> None:
    body = json.loads(anthropic_error(status, "no", "r1"))
    assert body == {"type": "error", "error": {"type": type_, "message": "no"}, "request_id": "r1"}


def test_configuration_errors_come_all_at_once() -> None:
    assert ConfigurationError(["a", "b"]).message == "a\nb"
