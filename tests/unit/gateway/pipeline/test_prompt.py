"""What routing sees of a request."""

from __future__ import annotations

import json

import msgspec
import pytest

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.prompt import PromptView, view_prompt
from routeiq.kit.errors import InvalidRequest


def view(messages: object, **rest: object) -> PromptView:
    body = {"messages": messages, **rest}
    return view_prompt({name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()})


def test_the_last_user_message_is_the_text() -> None:
    seen = view(
        [
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": "a"},
            {"role": "user", "content": "second"},
        ]
    )
    assert seen.text == "second"


def test_text_parts_stay_apart_and_images_are_not_text() -> None:
    parts = [
        {"type": "text", "text": "a"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "text", "text": "b"},
    ]
    seen = view([{"role": "user", "content": parts}])
    assert seen.text == "a\nb"
    assert seen.has_images


def test_an_image_anywhere_in_the_conversation_counts() -> None:
    image = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}
    assert view([image, {"role": "user", "content": "and now?"}]).has_images


def test_the_word_image_is_no_image() -> None:
    assert not view([{"role": "user", "content": "draw an image_url"}]).has_images


def test_a_system_prompt_is_hashed_not_embedded() -> None:
    with_system = view([{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"}])
    assert len(with_system.system_sha256) == 32
    assert with_system.text == "hi"
    assert view([{"role": "user", "content": "hi"}]).system_sha256 == b""


@pytest.mark.parametrize(("tools", "has"), [([], False), (None, False), ([{"type": "function"}], True)])
def test_tools_are_seen(tools: object, has: bool) -> None:
    assert view([{"role": "user", "content": "x"}], tools=tools).has_tools is has


def test_the_newer_limit_wins() -> None:
    assert view([{"role": "user", "content": "x"}], max_tokens=5, max_completion_tokens=7).max_output_tokens == 7
    assert view([{"role": "user", "content": "x"}], max_tokens=None).max_output_tokens == 0


@pytest.mark.parametrize("content", [None, [], [{"type": "text"}]])
def test_a_message_may_have_no_text(content: object) -> None:
    assert view([{"role": "user", "content": content}]).text == ""


def test_no_user_message_is_no_text() -> None:
    assert view([{"role": "assistant", "content": "x"}]).text == ""


@pytest.mark.parametrize("messages", [[1], [{"content": "x"}], [{"role": "user", "content": 7}], [{"role": 1}]])
def test_odd_messages_are_refused(messages: object) -> None:
    with pytest.raises(InvalidRequest) as caught:
        view(messages)
    assert caught.value.param == "messages"


def test_an_odd_limit_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="integer"):
        view([{"role": "user", "content": "x"}], max_tokens="many")


@pytest.mark.parametrize(
    ("endpoint", "body", "text"),
    [
        (Endpoint.COMPLETIONS, {"prompt": "Once"}, "Once"),
        (Endpoint.COMPLETIONS, {"prompt": ["a", "b"]}, "a\nb"),
        (Endpoint.COMPLETIONS, {"prompt": [[1, 2], [3]]}, ""),
        (Endpoint.RESPONSES, {"input": "Hi"}, "Hi"),
        (Endpoint.RESPONSES, {"input": [{"role": "user", "content": [{"type": "input_text", "text": "x"}]}]}, "x"),
        (Endpoint.RESPONSES, {"input": [{"type": "function_call_output", "output": "1"}]}, ""),
        (Endpoint.RESPONSES, {"prompt": {"id": "p"}}, ""),
        (Endpoint.MESSAGES, {"messages": [{"role": "user", "content": [{"type": "text", "text": "m"}]}]}, "m"),
    ],
)
def test_each_dialect_has_its_text(endpoint: Endpoint, body: dict[str, object], text: str) -> None:
    raw = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}
    assert view_prompt(raw, endpoint).text == text


@pytest.mark.parametrize(
    ("endpoint", "name", "value"),
    [
        (Endpoint.COMPLETIONS, "prompt", b"[1,"),
        (Endpoint.RESPONSES, "input", b"7"),
        (Endpoint.MESSAGES, "messages", b"7"),
    ],
)
def test_input_of_another_form_is_refused(endpoint: Endpoint, name: str, value: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        view_prompt({name: msgspec.Raw(value)}, endpoint)
    assert refused.value.param == name


TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "first"},
    {"role": "assistant", "content": "a", "tool_calls": []},
    {"role": "tool", "content": "b"},
    {"role": "user", "content": "second"},
]


def test_turns_are_messages_of_the_two_who_talk() -> None:
    assert (view(TALK).turns, view(TALK[:2]).turns) == (3, 1)


def test_history_is_everything_but_the_last_question() -> None:
    seen = view(TALK)
    assert seen.history_bytes == seen.input_bytes - len('"second"')
    assert view([{"role": "assistant", "content": "a"}]).history_bytes == 0


def test_the_opening_is_a_hash_of_both_ends_of_the_first_user_message() -> None:
    def opening(text: str) -> bytes:
        return view([{"role": "user", "content": text}]).opening

    assert view(TALK).opening == view(TALK[1:2]).opening == opening("first")
    long = "x" * 100_000
    assert len(opening(long)) == len(opening("hi")) == 16
    assert opening(long) not in (opening(f"{long}x"), opening(f"y{long[1:]}"), opening(f"{long[1:]}y"))
    assert view(TALK[:1]).opening == b""
