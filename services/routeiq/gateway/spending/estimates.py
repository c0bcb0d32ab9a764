"""What a request can come to, before it is made.

Input is counted in bytes, and how many tokens those are is learned from what each deployment reports. Output is what
the request itself allows; where it does not say, what 95 of 100 answers of the model stayed below. That is a guess, and
nobody is refused for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from routeiq.config.state import Deployment
from routeiq.gateway.per_deployment import PerDeployment
from routeiq.gateway.plan import Usage
from routeiq.gateway.spending.request_size import BYTES_A_TOKEN, RequestSize
from routeiq.kit.accounts import MOST_SAFE

TOKENS_A_BYTE: Final = 1 / BYTES_A_TOKEN
LEAST_TOKENS_A_BYTE: Final = 0.1
MOST_TOKENS_A_BYTE: Final = 1.0
"""What one answer may teach. No byte is two tokens: what is more was not the prompt's (a search, a mistake), and would
refuse everybody. Fewer are taught by who sends blanks, for those who do not."""
FIRST_OUTPUT: Final = 16
"""Of a model that has not answered yet: little, because nobody is to be refused for what nobody knows."""
LEARNS: Final = 0.1
"""How much the latest answer weighs."""
KEPT_OUTPUTS: Final = 100
SORT_EVERY: Final = 10
CostAtMost = Callable[[Deployment, int, int], int | None]
"""Deployment, input tokens, output tokens: nano-USD; None: the price is not known."""
CostOf = Callable[[Deployment, Usage], int | None]


class _Learned:
    """Of one deployment."""

    __slots__ = ("_new", "_outputs", "output", "tokens_a_byte")

    def __init__(self, _: Deployment) -> None:
        self.tokens_a_byte, self.output = TOKENS_A_BYTE, FIRST_OUTPUT
        self._outputs: deque[int] = deque(maxlen=KEPT_OUTPUTS)
        self._new = 0

    def learn(self, input_bytes: int, usage: Usage) -> None:
        sent, made = usage.input_tokens, usage.output_tokens
        if input_bytes and sent:
            seen = min(max(sent / input_bytes, LEAST_TOKENS_A_BYTE), MOST_TOKENS_A_BYTE)
            self.tokens_a_byte += LEARNS * (seen - self.tokens_a_byte)
        if made:
            self._outputs.append(made)
            self._new += 1
            if self._new >= SORT_EVERY or len(self._outputs) < SORT_EVERY:
                self._new = 0
                self.output = sorted(self._outputs)[len(self._outputs) * 95 // 100]


class Estimates:
    """Of one gateway."""

    def __init__(self, at_most: CostAtMost) -> None:
        self._at_most = at_most
        self._learned = PerDeployment(_Learned)

    def of(self, size: RequestSize, deployments: Iterable[Deployment]) -> int:
        """Nano-USD, of the dearest of `deployments`; 0: no price is known. A guess, where the request does not limit
        its answer."""
        prompt, limit, number = size.prompt, size.limit, size.answers
        dearest = 0
        every = deployments if isinstance(deployments, tuple) else tuple(deployments)
        for deployment in every:
            learned = self._learned.of(deployment)
            output = (learned.output if limit is None else limit) * number
            most = self._at_most(deployment, int(prompt * learned.tokens_a_byte), output)
            if most is not None and most > dearest:
                dearest = most
        return dearest if dearest < MOST_SAFE else MOST_SAFE

    def learn(self, deployment: Deployment, input_bytes: int, usage: Usage) -> None:
        """What an upstream reported."""
        self._learned.of(deployment).learn(input_bytes, usage)
