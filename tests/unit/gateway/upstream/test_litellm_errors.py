"""What the exceptions of litellm's SDK become."""

from __future__ import annotations

import pytest

from routeiq.gateway.upstream.litellm_errors import no_answer, refusal
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamTimeout
from tests.support.litellm_sdk import APITimeoutError, ContextWindowExceededError, SDKError
from tests.support.upstream import KEY, deployment, read_json


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (SDKError("m", 400, {}, {"message": "real", "code": "c"}), {"message": "real", "code": "c"}),
        (
            SDKError("litellm.BadRequestError: CohereException - words", 400, {}),
            {"message": "words", "type": "invalid_request_error", "param": None, "code": "invalid_request"},
        ),
        (
            SDKError('E: CohereException - {"error": {"message": "inner", "code": "k"}}', 404, {}),
            {"message": "inner", "code": "k"},
        ),
        (
            SDKError("litellm.UnsupportedParamsError: p is not supported", 400),
            {
                "message": "p is not supported",
                "type": "invalid_request_error",
                "param": None,
                "code": "invalid_request",
            },
        ),
        (
            SDKError("X: CohereException - <html>", 502, {}),
            {
                "message": "The provider of `group` answered 502 without an explanation.",
                "type": "upstream_error",
                "param": None,
                "code": "upstream_error",
            },
        ),
        (
            ContextWindowExceededError("E: OpenAIException - too long", 400, {}),
            {"message": "too long", "type": "invalid_request_error", "param": None, "code": "context_length_exceeded"},
        ),
    ],
)
async def test_refusals_keep_words_and_codes(error: Exception, expected: dict[str, object]) -> None:
    assert (await read_json(refusal(error, deployment())))["error"] == expected


async def test_a_refusal_keeps_retry_after_and_hides_the_key() -> None:
    response = refusal(SDKError(f"E: XException - key {KEY} is slow", 429, {"retry-after": "9"}), deployment())
    assert response.headers["retry-after"] == "9"
    assert "[redacted]" in str(await read_json(response))
    assert KEY not in str(await read_json(refusal(SDKError(KEY, 401, {}), deployment())))


@pytest.mark.parametrize(
    "error", [SDKError("Connection error.", 500), SDKError("x", None), KeyError("x"), SDKError("x", 200, {})]
)
def test_an_error_without_an_answer_is_a_failure(error: Exception) -> None:
    with pytest.raises(UpstreamFailed) as failed:
        refusal(error, deployment())
    assert failed.value.status == 502


def test_timeouts_are_told_by_what_caused_them() -> None:
    error = SDKError("x", 500)
    error.__cause__ = APITimeoutError("x")
    assert isinstance(no_answer(error, deployment()), UpstreamTimeout)
    assert isinstance(no_answer(TimeoutError(), deployment()), UpstreamTimeout)
