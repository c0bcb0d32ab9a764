"""Candidates in the service's form, made once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from routeiq.config.state import Group, ModelName, State
from routeiq.gateway.pipeline.prompt import PromptView
from routeiq.gateway.pipeline.slates import Slates
from tests.support.twins import deployment, state

PLAIN = structs.replace(PromptView.of_text("hi"), input_bytes=9)
TOOLS = structs.replace(PLAIN, has_tools=True)
SMALL, LARGE = deployment("small", supports_tools=False), deployment("large", input_price=1e-6, output_price=2e-6)


def test_equal_questions_share_one_slate() -> None:
    slates, served = Slates(), state(SMALL, LARGE)
    assert slates.of(served, None, PLAIN) is slates.of(served, None, structs.replace(PLAIN, text=("other",)))


def test_what_is_left_out_makes_another_slate() -> None:
    slates, served = Slates(), state(SMALL, LARGE)
    every, some = slates.of(served, None, PLAIN), slates.of(served, None, TOOLS)
    assert (list(every.by_name), list(some.by_name)) == (["small", "large"], ["large"])
    assert every.digest != some.digest
    assert some.left_out == (("small", "no_tools"),)


def test_a_group_and_auto_do_not_mix() -> None:
    a, b = deployment("a", group="team"), deployment("b", group="team")
    group = Group(ModelName("team"), (a, b), learned=True)
    served = state(SMALL, LARGE)
    served = State("v", {**served.groups, group.name: group}, served.routing)
    slates = Slates()
    assert list(slates.of(served, group, PLAIN).by_name) == ["a", "b"]
    assert list(slates.of(served, None, PLAIN).by_name) == ["small", "large"]


@pytest.mark.parametrize(
    "changed", [{"input_price": 9e-6}, {"output_price": 9e-6}, {"like": "gpt"}, {"quality_offset": 0.1}]
)
def test_the_digest_follows_everything_that_is_sent(changed: dict[str, object]) -> None:
    slates = Slates()
    other = replace(LARGE, **changed)  # type: ignore[arg-type]  # test data
    before, after = (slates.of(state(SMALL, one), None, PLAIN) for one in (LARGE, other))
    assert before.digest != after.digest


def test_a_new_state_that_changes_nothing_keeps_the_digest() -> None:
    slates = Slates()
    assert slates.of(state(SMALL, LARGE), None, PLAIN).digest == slates.of(state(SMALL, LARGE), None, PLAIN).digest
