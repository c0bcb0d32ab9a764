"""Anthropic's error bodies in the OpenAI shape.

Source: docs.claude.com, API reference, "Errors": `{"type": "error", "error": {"type", "message"}}`; 529: overloaded.
"""

from __future__ import annotations

import msgspec

from routeiq.kit.error_bodies import openai_error
from routeiq.kit.json_errors import UNREADABLE

_OVERLOADED = 529
_CODES = {
    "invalid_request_error": "invalid_request",
    "permission_error": "upstream_permission_denied",
    "not_found_error": "model_not_found",
    "request_too_large": "request_too_large",
    "rate_limit_error": "rate_limit_exceeded",
    "timeout_error": "upstream_timeout",
    "overloaded_error": "overloaded",
    "api_error": "upstream_error",
    "billing_error": "insufficient_quota",
}
_TOO_LONG = ("prompt is too long", "exceed context limit")
"""How Anthropic words a full context window. SDKs and agents test OpenAI's code for it."""


class _Error(msgspec.Struct):
    type: str
    message: str


class _Body(msgspec.Struct):
    error: _Error


def openai_status(status: int) -> int:
    """Anthropic's 529 is no registered status: 503 says the same."""
    return 503 if status == _OVERLOADED else status


def message_of(body: bytes) -> str | None:
    """What an error of Anthropic's shape says; None if it is none."""
    try:
        return msgspec.json.decode(body, type=_Body).error.message
    except UNREADABLE:
        return None


def openai_error_body(body: bytes) -> bytes | None:
    """The same error in OpenAI's shape; None if it is not Anthropic's."""
    try:
        error = msgspec.json.decode(body, type=_Body).error
    except UNREADABLE:
        return None
    code = "context_length_exceeded" if any(words in error.message for words in _TOO_LONG) else _CODES.get(error.type)
    return openai_error(error.message, error.type, code)
