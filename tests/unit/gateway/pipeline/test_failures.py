"""What upstreams' refusals mean, in the words of each provider."""

from __future__ import annotations

import json

import pytest

from routeiq.gateway.pipeline.failures import Kind, classify, kind_of, retry_after_s


def body(message: str = "no", code: object = None, type_: str | None = None, **more: object) -> bytes:
    return json.dumps({"error": {"message": message, "code": code, "type": type_, **more}}).encode()


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
        "prompt is too long: 208310 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000",
        "Input tokens exceed the configured limit of 272000 tokens.",
        "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
        "the input length exceeds the context length",
        "the request exceeds the available context size. try increasing it",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        "Your input exceeds the context window of this model.",
        "Input is too long for requested model.",
    ],
)
def test_a_prompt_that_is_too_long_is_known_by_its_words(message: str) -> None:
    assert classify(400, body(message))[0] is Kind.CONTEXT_WINDOW


@pytest.mark.parametrize("code", ["context_length_exceeded", "exceed_context_size_error"])
def test_and_by_its_code(code: str) -> None:
    assert classify(400, body(code=code)) == (Kind.CONTEXT_WINDOW, code)


@pytest.mark.parametrize(
    ("status", "given"),
    [
        (400, body(code="content_filter")),
        (400, body(code="content_policy_violation")),
        (400, body(type_="content_filter")),
        (400, body(innererror={"code": "ResponsibleAIPolicyViolation"})),
        (400, body("The response was filtered due to the prompt triggering Azure OpenAI's content management policy.")),
        (400, body("Output blocked by content filtering policy")),
        (403, body("Your input was rejected by our content policy")),
    ],
)
def test_an_offended_content_policy_is_known(status: int, given: bytes) -> None:
    assert classify(status, given)[0] is Kind.CONTENT_POLICY


@pytest.mark.parametrize("status", [429, 500, 401])
def test_other_statuses_are_not_read_for_it(status: int) -> None:
    assert classify(status, body(code="context_length_exceeded"))[0] is kind_of(status)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *[(400, Kind.FINAL), (409, Kind.PASSING), (408, Kind.PASSING), (429, Kind.PASSING), (500, Kind.PASSING)],
        *[(403, Kind.MOVE_ON), (404, Kind.MOVE_ON), (501, Kind.MOVE_ON), (524, Kind.PASSING), (529, Kind.PASSING)],
    ],
)
def test_statuses(status: int, kind: Kind) -> None:
    assert classify(status, body())[0] is kind


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (body(code="rate_limit_exceeded"), "rate_limit_exceeded"),
        (body(code=1234), "1234"),
        (body(type_="overloaded_error"), "overloaded_error"),
        (body(code="a b\n=," + "x" * 99), "ab" + "x" * 62),
        (body(code="modèle"), "modle"),
        (b"<html>", ""),
        (b'{"error": "text"}', ""),
        (b"[" * 5000, ""),
        (b'{"error": {"code": %b}}' % (b"1" * 5000), ""),
        (body(code="é" * 250 + "abc" * 9_000_000), "abcabc"),
        (b"", ""),
    ],
)
def test_the_reason_is_one_printable_word(given: bytes, reason: str) -> None:
    assert classify(500, given)[1] == reason


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "1_0"}, None),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after-ms": "150", "retry-after": "1"}, 0.15),
        ({"retry-after-ms": "x", "retry-after": "1"}, 1),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds
