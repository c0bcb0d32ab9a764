"""What a simulated answer will be, decided before its first byte: words, pace, failure. Pure and seeded.

The same model and messages always get the same words at the same pace.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec

from routeiq.config.state import Deployment
from routeiq.gateway.dialects.openai_request import parse_body
from routeiq.gateway.upstream.requests import UpstreamRequest

DEFAULT_TTFT_MS = 30.0
DEFAULT_TOKENS_PER_SECOND = 400.0
DEFAULT_OUTPUT_TOKENS = 48
_JITTER = (0.5, 1.5)
"""Each pause is its mean times a seeded factor from this range, so the mean pace holds."""
_CHARS_PER_TOKEN = 4
_TRIGGER = re.compile(
    r"\bsimulate:(error:(?P<status>[45]\d\d)|disconnect(?::(?P<chunks>\d{1,4}))?|(?P<timeout>timeout))\b"
)

_OPENING = "This is a simulated answer by {model}, so no language model was asked."
_SENTENCES = (
    "A real model would now weigh the question and answer it in its own words.",
    "The simulation only picks sentences by a seed made from the prompt.",
    "Nothing in this text depends on what the prompt means.",
    "It streams at a steady, slightly uneven pace, as a real provider does.",
    "Token counts are made up in the same way each time, so tests can rely on them.",
    "Configure a provider key to hear from a real model instead.",
    "The gateway treats this answer exactly as it treats any other.",
    "Routing, headers, usage and errors can all be tried without any cost.",
)


@dataclass(frozen=True, slots=True)
class Failure:
    """What goes wrong. `status` 0: the answer breaks off after `after_chunks` words, or nothing comes."""

    status: int = 0
    after_chunks: int | None = None
    timeout: bool = False


@dataclass(frozen=True, slots=True)
class SimulatedAnswer:
    """`tokens[i]` is choice i, a word each; `pauses_s` come before each word, the first is the time to first token."""

    tokens: tuple[tuple[str, ...], ...]
    finish_reason: str
    pauses_s: tuple[float, ...]
    prompt_tokens: int
    failure: Failure | None


_Count = Annotated[int, msgspec.Meta(ge=1)]


class _Chat(msgspec.Struct):
    """A chat request, or a text completion: then `prompt` is there and `messages` is not."""

    messages: list[_Message] = msgspec.field(default_factory=list)
    prompt: str | list[str | int | list[int]] = ""
    max_tokens: _Count | None = None
    max_completion_tokens: _Count | None = None
    n: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    metadata: dict[str, object] | None = None


class _Text(msgspec.Struct):
    text: str = ""


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Text] | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """A deployment's `litellm_params` for this kind."""

    ttft_s: float
    tokens_per_second: float
    """0: no pauses between tokens."""
    output_tokens: int
    fail_rate: float
    fail_status: int
    fail_after_chunks: int | None


def settings(deployment: Deployment) -> Settings:
    """From `ttft_ms`, `tokens_per_second`, `output_tokens`, `fail_rate` (0 to 1), `fail_status`, `fail_after_chunks`.

    A value that is no number counts as absent.
    """
    params = deployment.params
    return Settings(
        ttft_s=_number(params, "ttft_ms", DEFAULT_TTFT_MS) / 1000,
        tokens_per_second=_number(params, "tokens_per_second", DEFAULT_TOKENS_PER_SECOND),
        output_tokens=max(1, int(_number(params, "output_tokens", DEFAULT_OUTPUT_TOKENS))),
        fail_rate=_number(params, "fail_rate", 0.0),
        fail_status=int(_number(params, "fail_status", 503)),
        fail_after_chunks=int(_number(params, "fail_after_chunks", 0)) if "fail_after_chunks" in params else None,
    )


def plan_answer(request: UpstreamRequest, deployment: Deployment, call_number: int) -> SimulatedAnswer:
    """Decide everything about one answer.

    Args: call_number: how many calls this deployment has had. Only `fail_rate` depends on it, so a retry may succeed.
    Raises: InvalidRequest: the request is malformed.
    """
    chat = parse_body({name: value for name, value in request.body.items() if bytes(value) != b"null"}, _Chat)
    wanted = settings(deployment)
    seed = _seed(deployment.model, bytes(request.body.get("messages") or request.body["prompt"]))
    rng = random.Random(seed)
    limit = chat.max_tokens if chat.max_completion_tokens is None else chat.max_completion_tokens
    choices = [_words(rng, deployment.model, wanted.output_tokens) for _ in range(chat.n)]
    cut = limit is not None and any(len(words) > limit for words in choices)
    tokens = tuple(tuple(words[:limit]) for words in choices)
    return SimulatedAnswer(
        tokens=tokens,
        finish_reason="length" if cut else "stop",
        pauses_s=_pauses(rng, wanted, max(map(len, tokens))),
        prompt_tokens=count_tokens("".join(_said(chat))),
        failure=_triggered(chat) or _by_rate(wanted, seed, call_number),
    )


def count_tokens(text: str) -> int:
    """A plain estimate: four characters a token, at least one."""
    return max(1, -(-len(text) // _CHARS_PER_TOKEN))


def _words(rng: random.Random, model: str, at_least: int) -> list[str]:
    """Whole sentences until there are `at_least` words; spaces belong to the word they precede."""
    words = _OPENING.format(model=model).split()
    while len(words) < at_least:
        words += rng.choice(_SENTENCES).split()
    return [words[0], *(f" {word}" for word in words[1:])]


def _pauses(rng: random.Random, wanted: Settings, count: int) -> tuple[float, ...]:
    mean = 1 / wanted.tokens_per_second if wanted.tokens_per_second > 0 else 0.0
    return (wanted.ttft_s, *(mean * rng.uniform(*_JITTER) for _ in range(count - 1)))


def _triggered(chat: _Chat) -> Failure | None:
    """A failure that the caller asks for, in its last message or, without `simulate:`, in `metadata.simulate`."""
    asked = (chat.metadata or {}).get("simulate")
    by_user = (_text(message) for message in reversed(chat.messages) if message.role == "user")
    spoken = next(by_user, "") if chat.messages else "".join(_said(chat))
    match = _TRIGGER.search(f"simulate:{asked}" if asked else spoken)
    if match is None:
        return None
    if match["status"]:
        return Failure(status=int(match["status"]))
    return Failure(timeout=True) if match["timeout"] else Failure(after_chunks=int(match["chunks"] or 0))


def _by_rate(wanted: Settings, seed: int, call_number: int) -> Failure | None:
    if wanted.fail_rate <= 0 or random.Random(seed + call_number).random() >= wanted.fail_rate:
        return None
    if wanted.fail_after_chunks is not None:
        return Failure(after_chunks=wanted.fail_after_chunks)
    return Failure(status=wanted.fail_status)


def _seed(model: str, messages: bytes) -> int:
    """By the messages as values: white space and key order of the JSON do not count."""
    canonical = msgspec.json.encode(msgspec.json.decode(messages), order="deterministic")
    return int.from_bytes(hashlib.sha256(model.encode() + b"\0" + canonical).digest()[:8], "big")


def _text(message: _Message) -> str:
    content = message.content
    return content if isinstance(content, str) else "".join(part.text for part in content or ())


def _said(chat: _Chat) -> list[str]:
    """All text of the request. Token ids stand for themselves."""
    if chat.messages:
        return [_text(message) for message in chat.messages]
    return [chat.prompt] if isinstance(chat.prompt, str) else [str(one) for one in chat.prompt]


def _number(params: Mapping[str, object], name: str, default: float) -> float:
    value = params.get(name)
    try:
        return float(value) if isinstance(value, int | float | str) else default
    except ValueError:
        return default
