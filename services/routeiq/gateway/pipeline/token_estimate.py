"""How many tokens a request will come to, before a model has said: what its limits are asked for in advance."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from routeiq.config.state import Deployment
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.plan import Endpoint
from routeiq.kit.json_errors import UNREADABLE

BYTES_PER_TOKEN = 4
FILE_BYTES, FILE_TOKENS = 4096, 1000
"""A string that is longer, of ASCII and without a space, is an image or another file, and costs about as much."""
MOST = 2**31
_PROMPTS = ("messages", "prompt", "input", "system", "instructions", "tools")
_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
_number = msgspec.json.Decoder(int | None)


Estimate = Callable[[Context, Deployment], tuple[int, int]]
"""Tokens of the prompt and of the answer; 0: nothing says how long that may be."""


def estimate(context: Context, _: Deployment) -> tuple[int, int]:
    """The prompt by its length, the answer by the request's own limit."""
    call = context.call
    return _input(call.body), 0 if call.endpoint is Endpoint.EMBEDDINGS else _output(call.body)


def _input(body: Mapping[str, msgspec.Raw]) -> int:
    size = tokens = 0
    for name in _PROMPTS:
        if name in body:
            part = memoryview(body[name]).nbytes
            if part > FILE_BYTES:
                tokens += sum(map(_of_string, bytes(body[name]).split(b'"')))
            else:
                size += part
    return tokens + size // BYTES_PER_TOKEN


def _of_string(text: bytes) -> int:
    is_file = len(text) > FILE_BYTES and b" " not in text and text.isascii()
    return FILE_TOKENS if is_file else (len(text) + 1) // BYTES_PER_TOKEN


def _output(body: Mapping[str, msgspec.Raw]) -> int:
    for name in _LIMITS:
        if name in body and (most := _count(body[name])):
            return min(most * max(_count(body["n"]), 1), MOST) if "n" in body else most
    return 0


def _count(part: msgspec.Raw) -> int:
    """What is no number is the provider's to judge."""
    try:
        return max(0, min(_number.decode(part) or 0, MOST))
    except UNREADABLE:
        return 0
