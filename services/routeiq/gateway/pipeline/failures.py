"""What an upstream's failure says: of itself, of the deployment, or of the request; and what is to be done about it.

Statuses decide, but for two kinds of 4xx that another model may not have: a prompt that is too long, and an offended
content policy. Providers name them by code, or only in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from routeiq.gateway.upstream.retry_after import seconds
from routeiq.kit.json_errors import UNREADABLE

PASSING_4XX = frozenset({408, 409, 429})
OF_THE_DEPLOYMENT = frozenset({401, 402, 403, 404, 501})
"""Its credential, its account, its name for the model, or the library that it needs."""
_OF_THE_REQUEST = frozenset({400, 403, 413, 422})
_CONTEXT_CODES = frozenset({"context_length_exceeded", "context_window_exceeded", "exceed_context_size_error"})
_CONTENT_CODES = frozenset(
    {"content_filter", "content_policy_violation", "responsibleaipolicyviolation", "moderation_blocked"}
)
_CONTEXT_WORDS = (
    "maximum context length",  # OpenAI, vLLM, Azure
    "maximum context limit",
    "prompt is too long",  # Anthropic
    "exceed context limit",  # Anthropic: input length and `max_tokens` exceed context limit
    "input tokens exceed the configured limit",  # OpenAI's newer models
    "longer than the maximum model length",  # vLLM
    "longer than the model's context length",
    "exceeds the context length",  # Ollama
    "exceeds the available context size",  # llama.cpp
    "exceeds the context window",  # OpenAI's responses
    "exceeds the maximum number of tokens allowed",  # Google
    "input is too long for requested model",  # Bedrock
    "maximum input length is",
)
_CONTENT_WORDS = (
    "content management policy",  # Azure
    "content policy",
    "content filtering policy",  # Anthropic: output blocked by content filtering policy
    "rejected as a result of our safety system",  # OpenAI's images
)
_LONGEST_REASON = 64
_LONGEST_READ = 256
"""Of an upstream's word, which may be as long as an answer."""


class Kind(StrEnum):
    """What is to be done."""

    FINAL = "final"
    """The caller's own error: returned as it is."""
    PASSING = "passing"
    """Tried again, on this deployment too."""
    MOVE_ON = "move_on"
    """Tried on another deployment."""
    CONTEXT_WINDOW = "context_window"
    CONTENT_POLICY = "content_policy"


class _Inner(msgspec.Struct):
    code: str | int | None = None


class _Error(msgspec.Struct):
    message: str | None = None
    type: str | None = None
    code: str | int | None = None
    innererror: _Inner | None = None


class _Body(msgspec.Struct):
    error: _Error | None = None


_body = msgspec.json.Decoder(_Body)
_NOTHING = _Error()


def classify(status: int, body: bytes) -> tuple[Kind, str]:
    """(what to do, the upstream's own word for it) for an answer of `status` >= 400."""
    error = _read(body)
    kind = _of_request(error) if status in _OF_THE_REQUEST else None
    if kind is None:
        kind = kind_of(status)
    return kind, _reason(error)


def kind_of(status: int) -> Kind:
    """By status alone."""
    if status in OF_THE_DEPLOYMENT:
        return Kind.MOVE_ON
    return Kind.PASSING if status in PASSING_4XX or status >= 500 else Kind.FINAL


def _of_request(error: _Error) -> Kind | None:
    codes = {str(code).lower() for code in (error.code, error.type, error.innererror and error.innererror.code) if code}
    words = (error.message or "").lower()
    if codes & _CONTEXT_CODES or any(part in words for part in _CONTEXT_WORDS):
        return Kind.CONTEXT_WINDOW
    if codes & _CONTENT_CODES or any(part in words for part in _CONTENT_WORDS):
        return Kind.CONTENT_POLICY
    return None


def _read(body: bytes) -> _Error:
    try:
        return _body.decode(body).error or _NOTHING
    except UNREADABLE:
        return _NOTHING


def _reason(error: _Error) -> str:
    """One printable word: it goes into logs and traces."""
    word = str(error.code or error.type or "")[:_LONGEST_READ]
    return "".join(c for c in word if c.isascii() and c.isprintable() and c not in ' ,;="')[:_LONGEST_REASON]


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the upstream asked for, or None. Dates are not honoured: no LLM provider sends one."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        found = seconds(headers.get(name, ""))
        if found is not None:
            return found * unit
    return None
