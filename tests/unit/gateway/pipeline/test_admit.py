"""What is wrong with a body is said clearly, and names the field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.admit import REFUSED, parse_call
from routeiq.kit.errors import InvalidRequest

GOOD = b'{"model":"auto","messages":[{"role":"user","content":"hi"}]}'


def test_a_good_body_is_a_call() -> None:
    call = parse_call(Endpoint.CHAT, GOOD)
    assert (call.model, call.stream) == ("auto", False)
    assert bytes(call.body["messages"]) == b'[{"role":"user","content":"hi"}]'


@pytest.mark.parametrize(("value", "stream"), [(b"true", True), (b"false", False), (b"null", False)])
def test_stream_is_read(value: bytes, stream: bool) -> None:
    assert parse_call(Endpoint.CHAT, GOOD[:-1] + b',"stream":' + value + b"}").stream is stream


def test_embeddings_never_stream() -> None:
    assert not parse_call(Endpoint.EMBEDDINGS, b'{"model":"e","input":"x","stream":true}').stream


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        (b"", None, "invalid_json"),
        (b"{", None, "invalid_json"),
        (b"[]", None, "invalid_json"),
        (b"null", None, "invalid_json"),
        (b'{"model": }', None, "invalid_json"),
        (b"\xff\xfe", None, "invalid_json"),
        (b'{"messages":[1]}', "model", "missing_required_parameter"),
        (b'{"model":"","messages":[1]}', "model", "invalid_request"),
        (b'{"model":7,"messages":[1]}', "model", "invalid_request"),
        (b'{"model":"m"}', "messages", "missing_required_parameter"),
        (b'{"model":"m","messages":"hi"}', "messages", "invalid_request"),
        (b'{"model":"m","messages":[ ]}', "messages", "invalid_request"),
        (b'{"model":"m","messages":null}', "messages", "invalid_request"),
        (b'{"model":"m","messages":[1],"stream":"yes"}', "stream", "invalid_request"),
    ],
)
def test_a_bad_body_names_what_is_wrong(body: bytes, param: str | None, code: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_call(Endpoint.CHAT, body)
    assert (caught.value.param, caught.value.code, caught.value.status) == (param, code, 400)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_caller_cannot_steer_the_gateways_own_calls(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_call(Endpoint.CHAT, GOOD[:-1] + f',"{name}":"x"}}'.encode())
    assert caught.value.param == name


@pytest.mark.parametrize("empty", [b"[]", b"[ ]", b"[" + b" \t\r\n" * 1000 + b"]"], ids=["bare", "a space", "much"])
def test_an_empty_list_is_refused_however_it_is_spread(empty: bytes) -> None:
    with pytest.raises(InvalidRequest, match="must not be empty"):
        parse_call(Endpoint.CHAT, b'{"model":"m","messages":' + empty + b"}")


@pytest.mark.parametrize("full", [b"[1]", b"[ \n{}]"])
def test_a_list_with_something_in_it_is_not_empty(full: bytes) -> None:
    assert parse_call(Endpoint.CHAT, b'{"model":"m","messages":' + full + b"}").model == "m"


def test_deep_nesting_is_refused_not_a_crash() -> None:
    with pytest.raises(InvalidRequest):
        parse_call(Endpoint.CHAT, b'{"model":"m","messages":' + b"[" * 100_000 + b"]" * 100_000)


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_parser(body: bytes) -> None:
    try:
        found = parse_call(Endpoint.EMBEDDINGS, body).model
    except InvalidRequest as refused:
        found = refused.message
    assert found
