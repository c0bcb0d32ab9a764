"""What a request can come to, before it is made.

Input is counted in bytes, and how many tokens those are is learned from what each deployment reports. Output is what
the request itself allows; where it does not say, what 95 of 100 answers of the model stayed below. That is a guess, and
nobody is refused for it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import msgspec

from routeiq.config.state import Deployment
from routeiq.gateway.per_deployment import PerDeployment
from routeiq.gateway.plan import Endpoint, Usage
from routeiq.kit.accounts import MOST_SAFE
from routeiq.kit.json_errors import UNREADABLE
from routeiq.kit.money import NANO

TOKENS_A_BYTE = 0.25
LEAST_TOKENS_A_BYTE, MOST_TOKENS_A_BYTE = 0.1, 1.0
"""What one answer may teach. No byte is two tokens: what is more was not the prompt's (a search, a mistake), and would
refuse everybody. Fewer are taught by who sends blanks, for those who do not."""
FIRST_OUTPUT = 1024
"""Of a model that has not answered yet."""
LEARNS = 0.1
"""How much the latest answer weighs."""
KEPT_OUTPUTS, SORT_EVERY = 100, 10
BYTES_AN_ATTACHMENT = 4096
"""Instead of those of a picture or a sound, which say little of its tokens."""
_LIMITS: Mapping[Endpoint, tuple[str, ...]] = {
    Endpoint.CHAT: ("max_tokens", "max_completion_tokens"),
    Endpoint.COMPLETIONS: ("max_tokens",),
    Endpoint.RESPONSES: ("max_output_tokens",),
    Endpoint.MESSAGES: ("max_tokens",),
}
_PROMPTS = (
    "messages", "prompt", "input", "system", "instructions", "tools", "functions", "response_format", "text",
    "prediction", "suffix",
)  # fmt: skip
_BASE64 = re.compile(
    rb'(?<=")(?:url|image_url|file_data|data)"\s*:\s*"(?:data:[^",]{0,128},)?([A-Za-z0-9+/=_-]{4096,})"'
)
"""Where an attachment stands. Quotes within a text are escaped, so that none of its letters are taken for one."""
_count = msgspec.json.Decoder(int)
_several = msgspec.json.Decoder(list[str | list[int]])

CostAtMost = Callable[[Deployment, int, int], int | None]
"""Deployment, input tokens, output tokens: nano-USD; None: the price is not known."""
CostOf = Callable[[Deployment, Usage], int | None]


class Estimate(NamedTuple):
    """`amount`: nano-USD; 0: no price is known. `guessed`: the request does not limit its answer. `input_bytes`: of
    its prompt."""

    amount: int
    guessed: bool
    input_bytes: int


def cost_at_most(deployment: Deployment, input_tokens: int, output_tokens: int) -> int | None:
    """By the deployment's prices."""
    if deployment.input_price is None or deployment.output_price is None:
        return None
    spent = input_tokens * deployment.input_price + output_tokens * deployment.output_price
    return round(spent * NANO)


def cost_of(deployment: Deployment, usage: Usage) -> int | None:
    return cost_at_most(deployment, usage.input_tokens, usage.output_tokens)


class _Learned:
    """Of one deployment."""

    __slots__ = ("_new", "_outputs", "output", "tokens_a_byte")

    def __init__(self, _: Deployment) -> None:
        self.tokens_a_byte, self.output = TOKENS_A_BYTE, FIRST_OUTPUT
        self._outputs: deque[int] = deque(maxlen=KEPT_OUTPUTS)
        self._new = 0

    def learn(self, input_bytes: int, usage: Usage) -> None:
        if input_bytes and usage.input_tokens:
            seen = min(max(usage.input_tokens / input_bytes, LEAST_TOKENS_A_BYTE), MOST_TOKENS_A_BYTE)
            self.tokens_a_byte += LEARNS * (seen - self.tokens_a_byte)
        if usage.output_tokens:
            self._outputs.append(usage.output_tokens)
            self._new += 1
            if self._new >= SORT_EVERY:
                self._new = 0
                self.output = sorted(self._outputs)[len(self._outputs) * 95 // 100]


class Estimates:
    """Of one gateway."""

    def __init__(self, at_most: CostAtMost = cost_at_most) -> None:
        self._at_most = at_most
        self._learned = PerDeployment(_Learned)

    def of(self, endpoint: Endpoint, body: Mapping[str, msgspec.Raw], deployments: Iterable[Deployment]) -> Estimate:
        """Of the dearest of `deployments`."""
        size, limit = _size(body), _limit(endpoint, body)
        answers = _answers(body) if "n" in body or "best_of" in body else 1
        if endpoint is Endpoint.COMPLETIONS:
            answers *= _prompts(body)
        dearest = 0
        for deployment in deployments:
            learned = self._learned.of(deployment)
            output = (learned.output if limit is None else limit) * answers
            most = self._at_most(deployment, int(size * learned.tokens_a_byte), output)
            if most is not None and most > dearest:
                dearest = most
        return Estimate(dearest if dearest < MOST_SAFE else MOST_SAFE, limit is None, size)

    def learn(self, deployment: Deployment, input_bytes: int, usage: Usage) -> None:
        """What an upstream reported."""
        self._learned.of(deployment).learn(input_bytes, usage)


def _size(body: Mapping[str, msgspec.Raw]) -> int:
    size = 0
    for name in _PROMPTS:
        raw = body.get(name)
        if raw is not None:
            size += len(memoryview(raw))
            if size > BYTES_AN_ATTACHMENT:
                size -= sum(len(found) - BYTES_AN_ATTACHMENT for found in _BASE64.findall(raw))
    return size


def _limit(endpoint: Endpoint, body: Mapping[str, msgspec.Raw]) -> int | None:
    """Tokens of one answer; None: the request does not say. An embedding has none."""
    if endpoint is Endpoint.EMBEDDINGS:
        return 0
    limit = None
    for name in _LIMITS[endpoint]:
        raw = body.get(name)
        number = None if raw is None else _number(raw)
        if number is not None and (limit is None or number > limit):
            limit = number
    return limit


def _answers(body: Mapping[str, msgspec.Raw]) -> int:
    """How many are asked for; where an endpoint knows no such thing, nothing says so."""
    return max(_number(body[name]) or 1 for name in ("n", "best_of") if name in body)


def _prompts(body: Mapping[str, msgspec.Raw]) -> int:
    """Each of a list has answers of its own; a list of numbers is one, in tokens."""
    try:
        found = _several.decode(body["prompt"])
    except (KeyError, *UNREADABLE):
        return 1
    return max(len(found), 1)


def _number(raw: msgspec.Raw) -> int | None:
    """None: it is none that limits anything."""
    try:
        number = _count.decode(raw)
    except UNREADABLE:
        return None
    return min(number, 2**31) if number > 0 else None
