"""`reasoning_effort` as Anthropic's thinking, by generation of the model.

Up to Claude 4.5, and for other vendors' models behind this API: a token budget. From 4.6: adaptive thinking with an
effort. From 4.7 sampling parameters are refused as well. Source: docs.claude.com, "Extended thinking", "Adaptive
thinking", "Effort"; model capabilities agree with LiteLLM 1.106.2's table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from routeiq.gateway.dialects.openai_anthropic.blocks import Thinking
from routeiq.kit.errors import InvalidRequest

BUDGETS = {"minimal": 1024, "low": 1024, "medium": 2048, "high": 4096, "xhigh": 8192, "max": 16384}
"""Tokens; up to `high` LiteLLM's values, so that a migration costs the same."""
_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}
_SMALLEST_BUDGET = 1024
_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d)(?:[-.](\d{1,2}))?(?!\d)")
_NEWEST = (99, 0)


@dataclass(frozen=True, slots=True)
class Traits:
    """What a model's name says of its API."""

    adaptive: bool
    sampling: bool


def traits(model: str) -> Traits:
    """A Claude whose version cannot be read is taken for a new one."""
    if "claude" not in model:
        return Traits(adaptive=False, sampling=True)
    match = _VERSION.search(model)
    version = (int(match[1]), int(match[2] or 0)) if match else _NEWEST
    return Traits(adaptive=version >= (4, 6), sampling=version < (4, 7))


@dataclass(frozen=True, slots=True)
class Reasoning:
    """`max_tokens` includes the thinking, as `max_completion_tokens` does."""

    max_tokens: int
    thinking: Thinking | None = None
    effort: str | None = None


def reason(
    effort: str | None, model: Traits, max_tokens: int | None, default_max_tokens: int, *, resumes_tool_use: bool
) -> Reasoning:
    """What to ask for. Raises InvalidRequest: an unknown effort.

    A budget must be smaller than `max_tokens`: the caller's own limit shrinks it, and one too small for any turns
    thinking off; the default limit grows by it. With a budget, a turn that resumes after tool results must repeat its
    thinking blocks, which this dialect cannot carry, so such a turn does not think (`resumes_tool_use`).
    """
    limit = max_tokens if max_tokens is not None else default_max_tokens
    if effort is None or effort == "none":
        return Reasoning(limit)
    if effort not in BUDGETS:
        raise InvalidRequest(
            f"`reasoning_effort` must be none or one of {', '.join(BUDGETS)}.", param="reasoning_effort"
        )
    if model.adaptive:
        return Reasoning(limit, Thinking("adaptive", display="summarized"), _EFFORTS[effort])
    budget = BUDGETS[effort] if max_tokens is None else min(BUDGETS[effort], max_tokens - 1)
    if resumes_tool_use or budget < _SMALLEST_BUDGET:
        return Reasoning(limit)
    return Reasoning(limit if max_tokens is not None else limit + budget, Thinking("enabled", budget_tokens=budget))
