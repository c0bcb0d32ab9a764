"""How long a request's prompt is, and how long it allows its answer to be: what budgets and limits are estimated from.

Only the raw JSON is looked at, once from end to end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from routeiq.gateway.plan import Endpoint
from routeiq.kit.json_errors import UNREADABLE

BYTES_A_TOKEN: Final = 4
"""Of a prompt, before a model has said how it counts."""
FILE_BYTES: Final = 4096
"""A string that is longer, of ASCII and without a space, is a picture or another file: it counts as this many."""
MOST: Final = 2**31
_PROMPTS: Final = ("messages", "prompt", "input", "system", "instructions", "tools")
_LIMITS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_count: Final = msgspec.json.Decoder(int)

Body = Mapping[str, msgspec.Raw]


def prompt_bytes(body: Body) -> int:
    """Of all that a model reads."""
    size = 0
    for name in _PROMPTS:
        if name in body:
            part = memoryview(body[name]).nbytes
            size += part if part <= FILE_BYTES else sum(map(_of_string, bytes(body[name]).split(b'"')))
    return size


def _of_string(text: bytes) -> int:
    """With its quote."""
    is_file = len(text) > FILE_BYTES and b" " not in text and text.isascii()
    return FILE_BYTES if is_file else len(text) + 1


def answer_tokens(endpoint: Endpoint, body: Body) -> int | None:
    """The most that one answer may have; None: the request does not say. An embedding has none."""
    if endpoint is Endpoint.EMBEDDINGS:
        return 0
    most = None
    for name in _LIMITS:
        if name in body:
            number = _number(body[name])
            if number is not None and (most is None or number > most):
                most = number
    return most


def answers(body: Body) -> int:
    """How many are asked for."""
    if "n" not in body and "best_of" not in body:
        return 1
    return max(_number(body[name]) or 1 for name in ("n", "best_of") if name in body)


def _number(raw: msgspec.Raw) -> int | None:
    """None: it is none that limits anything. That is the provider's to judge."""
    try:
        number = _count.decode(raw)
    except UNREADABLE:
        return None
    return min(number, MOST) if number > 0 else None
