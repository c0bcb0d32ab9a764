"""Reasoning effort by generation of the model."""

from __future__ import annotations

import pytest

from routeiq.gateway.dialects.openai_anthropic.blocks import Thinking
from routeiq.gateway.dialects.openai_anthropic.thinking import Reasoning, Traits, reason, traits

OLD = Traits(adaptive=False, sampling=True)
NEW = Traits(adaptive=True, sampling=False)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-3-5-sonnet-20241022", OLD),
        ("claude-opus-4-20250514", OLD),
        ("claude-opus-4-1-20250805", OLD),
        ("claude-haiku-4-5-20251001", OLD),
        ("claude-sonnet-4-6", Traits(adaptive=True, sampling=True)),
        ("claude-opus-4-7-20260416", NEW),
        ("claude-sonnet-5", NEW),
        ("claude-opus-5-5", NEW),
        ("claude-mythos-preview", NEW),
        ("MiniMax-M2", OLD),
    ],
)
def test_traits_follow_the_version_in_the_name(model: str, expected: Traits) -> None:
    assert traits(model) == expected


@pytest.mark.parametrize(
    ("effort", "max_tokens", "expected"),
    [
        (None, None, Reasoning(4096)),
        ("none", 50, Reasoning(50)),
        ("low", None, Reasoning(4096 + 1024, Thinking("enabled", budget_tokens=1024))),
        ("high", 8000, Reasoning(8000, Thinking("enabled", budget_tokens=4096))),
        ("high", 2000, Reasoning(2000, Thinking("enabled", budget_tokens=1999))),
        ("high", 1024, Reasoning(1024)),
    ],
)
def test_a_budget_stays_below_the_limit(effort: str | None, max_tokens: int | None, expected: Reasoning) -> None:
    assert reason(effort, OLD, max_tokens, 4096, resumes_tool_use=False) == expected


def test_a_turn_after_tool_results_does_not_think_on_a_budget() -> None:
    assert reason("high", OLD, None, 4096, resumes_tool_use=True) == Reasoning(4096)


def test_a_new_model_gets_an_effort() -> None:
    expected = Reasoning(10, Thinking("adaptive", display="summarized"), "xhigh")
    assert reason("xhigh", NEW, 10, 4096, resumes_tool_use=True) == expected
