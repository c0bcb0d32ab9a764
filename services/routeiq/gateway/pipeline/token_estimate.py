"""How many tokens a request will come to, before a model has said: what its limits are asked for in advance."""

from __future__ import annotations

from collections.abc import Callable

from routeiq.config.state import Deployment
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.spending.request_size import BYTES_A_TOKEN, MOST, answer_tokens, answers, prompt_bytes

Estimate = Callable[[Context, Deployment], tuple[int, int]]
"""Tokens of the prompt and of the answer; 0: nothing says how long that may be."""


def estimate(context: Context, _: Deployment) -> tuple[int, int]:
    """The prompt by its length, the answer by the request's own limit."""
    call = context.call
    most = answer_tokens(call.endpoint, call.body)
    number = answers(call.endpoint, call.body) if most else 0
    return prompt_bytes(call.body) // BYTES_A_TOKEN, min((most or 0) * number, MOST)
