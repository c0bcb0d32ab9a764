"""Error bodies of every kind become OpenAI's shape, without keys and hosts."""

from __future__ import annotations

import json

import pytest

from routeiq.gateway.upstream.refusals import UPSTREAM_AUTH_CODE, error_type, first_event_refusal, openai_refusal
from tests.support.upstream import KEY, deployment


def refusal(status: int, body: object, **changes: str) -> dict[str, object]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    error: dict[str, object] = json.loads(openai_refusal(status, data, deployment(**changes)))["error"]
    return error


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            400,
            {"error": {"message": "m", "code": "context_length_exceeded"}},
            {"message": "m", "code": "context_length_exceeded"},
        ),
        (400, [{"error": {"message": "m", "code": 400}}], {"message": "m", "code": 400}),
        (
            404,
            {"error": "no such model"},
            {"message": "no such model", "type": "not_found_error", "param": None, "code": "not_found"},
        ),
        (
            422,
            {"detail": "bad"},
            {"message": "bad", "type": "invalid_request_error", "param": None, "code": "invalid_request"},
        ),
        (
            400,
            {"object": "error", "message": "m", "type": "BadRequestError", "param": None, "code": 400},
            {"message": "m", "type": "BadRequestError", "param": None, "code": "invalid_request"},
        ),
        (400, {"message": "m", "type": "t", "code": "c"}, {"message": "m", "type": "t", "param": None, "code": "c"}),
    ],
)
def test_shapes(status: int, body: object, expected: dict[str, object]) -> None:
    assert refusal(status, body) == expected


@pytest.mark.parametrize("body", [b"<html>at 10.0.0.1</html>", b"", b"\xff", {"detail": [{"loc": []}]}])
def test_a_body_without_words_gets_ours(body: object) -> None:
    error = refusal(502, body)
    assert error == {
        "message": "The provider of `group` answered 502 without an explanation.",
        "type": "upstream_error",
        "param": None,
        "code": "upstream_error",
    }


UNREADABLE_BESIDE = [b'"\xff"', b"1" * 5000, b"1e999", b'"\xe2\x82"']


@pytest.mark.parametrize("beside", UNREADABLE_BESIDE)
@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_body_that_is_readable_in_part_keeps_its_message(status: int, beside: bytes) -> None:
    body = b'{"error":{"message":"too many for %b","code":"c"},"beside":%b}' % (KEY.encode(), beside)
    assert refusal(status, body)["message"] == "too many for [redacted]"
    found = first_event_refusal(b"data: %b\n\n" % body, deployment())
    assert found is not None
    assert json.loads(found[1])["error"]["message"] == "too many for [redacted]"


def test_a_401_says_whose_it_is_and_quotes_nothing() -> None:
    error = refusal(401, {"error": {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}})
    assert (error["type"], error["code"]) == ("authentication_error", UPSTREAM_AUTH_CODE)
    assert KEY not in str(error)
    assert "group" in str(error["message"])


def test_keys_and_hosts_are_cut_out() -> None:
    body = {"error": {"message": f"{KEY} is not known at https://inner.example:8443/v1"}}
    assert (
        refusal(403, body, api_base="https://inner.example:8443/v1")["message"]
        == "[redacted] is not known at https://[upstream]/v1"
    )


def test_types_by_status() -> None:
    assert error_type(418) == error_type(400)
    assert error_type(599) == ("upstream_error", "upstream_error")
    assert error_type(429) == ("rate_limit_error", "rate_limit_exceeded")


def test_a_key_behind_escapes_is_cut_out_too() -> None:
    hidden = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
    body = b'{"error":{"message":"no such key: ' + hidden.encode() + b'"}}'
    assert refusal(400, body)["message"] == "no such key: [redacted]"


@pytest.mark.parametrize(
    ("chunk", "status"),
    [
        (b'data: {"error":{"message":"no","code":429}}\n\n', 429),
        (b'data: {"error":{"message":"no","code":"503"}}\n\n', 503),
        (b'data: {"error":{"message":"no","code":"rate_limited"}}\n\ndata: [DONE]\n\n', 502),
        (b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"no"}}\n\n', 502),
    ],
)
def test_a_stream_that_begins_with_an_error_is_a_refusal(chunk: bytes, status: int) -> None:
    found = first_event_refusal(chunk, deployment())
    assert found is not None
    assert found[0] == status
    assert json.loads(found[1])["error"]["message"] == "no"


@pytest.mark.parametrize(
    "chunk",
    [
        b'data: {"choices":[]}\n\n',
        b": hello\n\n",
        b'data: {"error":null}\n\n',
        b'data: {"error":{"mess',
        b"",
        b"data: x",
    ],
)
def test_any_other_beginning_is_none(chunk: bytes) -> None:
    assert first_event_refusal(chunk, deployment()) is None


def test_what_a_stream_begins_with_says_no_more_than_another_refusal() -> None:
    """A 401 is of the gateway's credential; an address and a key are cut out, also behind escapes."""
    base = {"api_base": "https://inside.example:8443/v1"}
    said = json.dumps({"error": {"message": f"Bad key {KEY} at inside.example:8443", "code": 401}})
    refused = first_event_refusal(b"data: %b\n\n" % said.encode(), deployment(**base))
    assert refused is not None
    assert (refused[0], json.loads(refused[1])["error"]["code"]) == (401, UPSTREAM_AUTH_CODE)

    escaped = said.replace("401", "500").replace(KEY[:1], f"\\u{ord(KEY[0]):04x}")
    other = first_event_refusal(b"data: %b\n\n" % escaped.encode(), deployment(**base))
    assert other is not None
    assert (other[0], KEY.encode() in other[1], b"inside.example" in other[1]) == (500, False, False)
