"""An old prompt looks as it did when it was new, and its text is nowhere but in the request."""

from __future__ import annotations

import json
import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.prompt import view_prompt
from routeiq.gateway.pipeline.seen_prompts import LONGEST, SeenPrompts
from routeiq.kit.errors import InvalidRequest

ASKED = [{"role": "user", "content": "hi"}]

contents = st.text(max_size=8) | st.just([{"type": "image_url", "image_url": {"url": "x"}}])
talks = st.lists(
    st.builds(lambda role, said: {"role": role, "content": said}, st.sampled_from(["user", "assistant", "system"]),
              contents),
    max_size=3,
)  # fmt: skip
bodies = st.builds(
    lambda said, rest: {"messages": said, **rest},
    talks,
    st.fixed_dictionaries(
        {},
        optional={
            "tools": st.sampled_from([[], None, [{"type": "function"}]]),
            "max_tokens": st.none() | st.integers(0, 3000),
            "max_completion_tokens": st.integers(0, 3000),
            "temperature": st.just(1),
        },
    ),
)


def raws(body: dict[str, object]) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}


@given(st.lists(bodies, max_size=8), st.sampled_from([Endpoint.CHAT, Endpoint.MESSAGES]))
def test_an_old_prompt_looks_as_it_did(sent: list[dict[str, object]], endpoint: Endpoint) -> None:
    prompts = SeenPrompts(100)
    for body in [*sent, *sent]:
        new = view_prompt(raws(body), endpoint)
        seen = prompts.view(raws(body), endpoint)
        assert seen in (new, new.without_text())


def test_its_text_is_not_kept() -> None:
    prompts, body = SeenPrompts(100), raws({"messages": [{"role": "user", "content": "the prompt of a customer"}]})
    assert prompts.view(body, Endpoint.CHAT).text == "the prompt of a customer"
    assert prompts.view(body, Endpoint.CHAT).text is None
    assert b"customer" not in pickle.dumps(prompts)


def test_endpoints_are_apart() -> None:
    prompts, body = SeenPrompts(100), raws({"messages": ASKED})
    seen = [prompts.view(body, endpoint).endpoint for endpoint in (Endpoint.CHAT, Endpoint.MESSAGES) for _ in range(2)]
    assert seen == [Endpoint.CHAT] * 2 + [Endpoint.MESSAGES] * 2


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        (Endpoint.COMPLETIONS, {"prompt": "hi"}),
        (Endpoint.RESPONSES, {"input": "hi"}),
        (Endpoint.CHAT, {"messages": [{"role": "user", "content": "x" * LONGEST}]}),
    ],
)
def test_what_seldom_comes_again_is_read_anew(endpoint: Endpoint, body: dict[str, object]) -> None:
    prompts = SeenPrompts(100)
    assert [prompts.view(raws(body), endpoint) for _ in range(2)] == [view_prompt(raws(body), endpoint)] * 2
    assert len(prompts) == 0


def test_its_number_is_bounded() -> None:
    prompts = SeenPrompts(2)
    for number in range(5):
        prompts.view(raws({"messages": [{"role": "user", "content": str(number)}]}), Endpoint.CHAT)
    assert len(prompts) == 2


@pytest.mark.parametrize("body", [{"messages": [1]}, {"messages": ASKED, "max_tokens": "many"}])
def test_what_cannot_be_read_is_refused_each_time(body: dict[str, object]) -> None:
    prompts = SeenPrompts(2)
    for _ in range(2):
        with pytest.raises(InvalidRequest):
            prompts.view(raws(body), Endpoint.CHAT)
