"""How long a request's prompt is, and how long it allows its answer to be: what budgets and limits are estimated from.

Only the raw JSON is looked at, once from end to end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from routeiq.config.words import words
from routeiq.gateway.endpoint import Endpoint
from routeiq.kit.json_errors import UNREADABLE

BYTES_A_TOKEN: Final = 4
"""Of a prompt, before a model has said how it counts."""
FILE_BYTES: Final = 4096
"""A picture, or another file, counts as this many: its own say little of its tokens."""
MOST: Final = 2**31
_PROMPTS: Final = words(
    "messages prompt input system instructions tools functions response_format text prediction suffix"
)
_FILE: Final = re.compile(
    rb'(?<=")(?:url|image_url|file_data|data)"\s*:\s*"(?:data:[^",]{0,128},)?([A-Za-z0-9+/=_-]{4096,})"'
)
"""Where one stands. Quotes within a text are escaped, so that none of its letters are taken for one."""
_OTHER: Final = 0
_PROMPT: Final = 1
_LIMIT: Final = 2
_SEVERAL: Final = 3
_KINDS: Final = {
    **dict.fromkeys(_PROMPTS, _PROMPT),
    **dict.fromkeys(("max_tokens", "max_completion_tokens", "max_output_tokens"), _LIMIT),
    **dict.fromkeys(("n", "best_of"), _SEVERAL),
}
"""What a field says."""
_EMBEDDINGS: Final = Endpoint.EMBEDDINGS
_COMPLETIONS: Final = Endpoint.COMPLETIONS
_view: Final = memoryview
_count: Final = msgspec.json.Decoder(int)
_several: Final = msgspec.json.Decoder(list[str | list[int]])

Body = Mapping[str, msgspec.Raw]


class RequestSize:
    """`prompt`: bytes of all that a model reads. `limit`: the most tokens that one answer may have; None: the request
    does not say. `answers`: how many are asked for."""

    __slots__ = ("answers", "limit", "prompt")

    def __init__(self, endpoint: Endpoint, body: Body) -> None:
        size, several = 0, False
        most: int | None = None
        fields = body if isinstance(body, dict) else dict(body)
        for name, part in fields.items():
            kind = _KINDS.get(name, _OTHER)
            if kind == _PROMPT:
                size += _bytes(part)
            elif kind == _LIMIT:
                number = _number(part)
                if number is not None and (most is None or number > most):
                    most = number
            elif kind == _SEVERAL:
                several = True
        self.prompt = size
        self.limit = 0 if endpoint is _EMBEDDINGS else most  # an embedding has no answer
        self.answers = _prompts(body) if endpoint is _COMPLETIONS else 1
        if several:
            self.answers *= max(_number(body[name]) or 1 for name in ("n", "best_of") if name in body)


def prompt_bytes(body: Body) -> int:
    """Of all that a model reads."""
    return sum([_bytes(part) for name, part in body.items() if name in _PROMPTS])


def _bytes(part: msgspec.Raw) -> int:
    length = len(_view(part))
    if length > FILE_BYTES:
        length -= sum([len(found) - FILE_BYTES for found in _FILE.findall(part)])
    return length


def _prompts(body: Body) -> int:
    """Each prompt of a list has its own answers. A list of numbers is one, in tokens."""
    try:
        found = _several.decode(body["prompt"])
    except (KeyError, *UNREADABLE):
        return 1
    return max(len(found), 1)


def _number(raw: msgspec.Raw) -> int | None:
    """None: it is none that limits anything. That is the provider's to judge."""
    try:
        number = _count.decode(raw)
    except UNREADABLE:
        return None
    return min(number, MOST) if number > 0 else None
