"""What `/api/v1/generate` answers, from what a model or the lack of one has said."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from routeiq.config.state import Deployment
from routeiq.gateway.pipeline.cost import cost_of
from routeiq.gateway.pipeline.describe import trail
from routeiq.gateway.plan import Attempt, Usage
from routeiq.kit.errors import InvalidFields, RateLimited, RouteIQError
from routeiq.kit.json_errors import UNREADABLE
from routeiq.kit.money import to_usd

OF_THE_PROMPT = frozenset({400, 413, 422})
"""What a model answers to a prompt that it will not take."""


class Generated(msgspec.Struct, frozen=True):
    """The answer. `cost_usd`: null where a price or the tokens are unknown."""

    content: str
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    cached: bool
    latency_ms: int


class AllFailed(RouteIQError):
    """Every provider that could be asked."""

    status, type, code, expose = 502, "upstream_error", "all_providers_failed", True


class _Part(msgspec.Struct):
    type: str = "text"
    text: str | None = None


class _Message(msgspec.Struct):
    content: str | list[_Part] | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message


class _Completion(msgspec.Struct):
    choices: list[_Choice]


class _Error(msgspec.Struct):
    message: str | None = None


class _Refusal(msgspec.Struct):
    error: _Error


_completion = msgspec.json.Decoder(_Completion)
_refusal = msgspec.json.Decoder(_Refusal)


def content_of(body: bytes) -> str | None:
    """The text of a chat completion; None: it is none."""
    try:
        choices = _completion.decode(body).choices
    except UNREADABLE:
        return None
    return _text(choices[0].message) if choices else None


def _text(message: _Message) -> str:
    content = message.content
    if isinstance(content, list):
        content = "".join(part.text or "" for part in content if part.type == "text")
    return content or message.refusal or ""


def generated(
    deployment: Deployment, content: str, usage: Usage | None, latency_ms: int, *, cached: bool = False
) -> Generated:
    """Args: usage: None: the model did not say."""
    provider, _, model = deployment.group.partition("/")
    tokens = usage or Usage()
    spent = 0 if cached else None if usage is None else cost_of(deployment, usage)
    cost_usd = None if spent is None else to_usd(spent)
    return Generated(content, provider, model, tokens.input_tokens, tokens.output_tokens, cost_usd, cached, latency_ms)


def failure(status: int, body: bytes, attempts: Sequence[Attempt], retry_after_s: int) -> RouteIQError:
    """Why there is no answer. Args: status, body: the last upstream's, in OpenAI's shape."""
    if attempts and all(one.status == RateLimited.status for one in attempts):
        return RateLimited("Every provider refuses more requests now.", retry_after_s=retry_after_s)
    if status in OF_THE_PROMPT:
        return InvalidFields([{"type": "refused_by_model", "loc": ["body", "prompt"], "msg": _message(body)}])
    return AllFailed(f"No provider answered: {trail(attempts)}." if attempts else "No provider answered.")


def _message(body: bytes) -> str:
    try:
        return _refusal.decode(body).error.message or "The model refuses it."
    except UNREADABLE:
        return "The model refuses it."
