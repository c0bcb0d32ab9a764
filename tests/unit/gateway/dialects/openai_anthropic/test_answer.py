"""Golden answers and errors."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec
import pytest

from routeiq.gateway.dialects.openai_anthropic.answer import openai_completion
from routeiq.gateway.dialects.openai_anthropic.errors import openai_error_body, openai_status
from routeiq.gateway.dialects.usage import read_usage
from routeiq.gateway.plan import Usage

USAGE = {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 2}


def answer(
    *blocks: dict[str, object], stop_reason: str = "end_turn", usage: Mapping[str, object] = USAGE
) -> dict[str, object]:
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": blocks,
        "stop_reason": stop_reason,
        "usage": usage,
    }
    completion: dict[str, object] = json.loads(openai_completion(json.dumps(body).encode(), 1700000000))
    return completion


def test_a_text_answer() -> None:
    assert answer({"type": "text", "text": "Hello, "}, {"type": "text", "text": "you."}) == {
        "id": "msg_1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "claude-x",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello, you."},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 15,
            "completion_tokens": 5,
            "total_tokens": 20,
            "prompt_tokens_details": {"cached_tokens": 3, "cache_creation_tokens": 2},
        },
    }


def test_what_is_cached_for_an_hour_is_told_apart() -> None:
    kept = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 2}
    usage = answer({"type": "text", "text": "x"}, usage={**USAGE, "cache_creation": kept})["usage"]
    assert usage["prompt_tokens_details"] == {  # type: ignore[index]
        "cached_tokens": 3, "cache_creation_tokens": 2, "cache_creation_token_details": kept,
    }  # fmt: skip
    assert read_usage(json.dumps({"usage": usage}).encode()) == Usage(15, 5, 3, 2, 2)


def test_tool_calls_and_thinking() -> None:
    completion = answer(
        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
        {"type": "server_tool_use", "id": "x", "name": "web_search", "input": {}},
        stop_reason="tool_use",
    )
    call = {"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    message = {"role": "assistant", "content": None, "reasoning_content": "Hm.", "tool_calls": [call]}
    assert completion["choices"] == [{"index": 0, "message": message, "logprobs": None, "finish_reason": "tool_calls"}]


def test_usage_without_a_cache_has_no_details() -> None:
    usage = answer(usage={"input_tokens": 1, "output_tokens": 2})["usage"]
    assert usage == {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("max_tokens", "length"), ("stop_sequence", "stop"), ("refusal", "content_filter"), ("new_reason", "stop")],
)
def test_stop_reasons(reason: str, expected: str) -> None:
    choices = answer(stop_reason=reason)["choices"]
    assert isinstance(choices, list)
    assert choices[0]["finish_reason"] == expected


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        openai_completion(b'{"id": 1}', 0)


@pytest.mark.parametrize(
    ("kind", "message", "code"),
    [
        ("invalid_request_error", "max_tokens: too large", "invalid_request"),
        ("invalid_request_error", "prompt is too long: 205351 tokens > 200000 maximum", "context_length_exceeded"),
        ("rate_limit_error", "Slow down", "rate_limit_exceeded"),
        ("overloaded_error", "Overloaded", "overloaded"),
        ("new_error", "?", None),
    ],
)
def test_errors_keep_type_and_text_and_get_openais_code(kind: str, message: str, code: str | None) -> None:
    body = openai_error_body(json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode())
    assert body is not None
    assert json.loads(body) == {"error": {"message": message, "type": kind, "param": None, "code": code}}


def test_another_shape_is_not_taken_for_an_error_of_anthropics() -> None:
    assert openai_error_body(b"<html>") is None
    assert openai_error_body(b'{"error": "x"}') is None


def test_overloaded_is_unavailable() -> None:
    assert (openai_status(529), openai_status(429)) == (503, 429)
