"""Which conversation a request belongs to, and that nobody enters another's."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.gateway.pipeline.conversation import Conversation, ConversationIds
from routeiq.gateway.pipeline.prompt import view_prompt

IDS = ConversationIds(b"secret")
FIRST = {"role": "user", "content": "Plan a trip."}
LATER = [FIRST, {"role": "assistant", "content": "Where to?"}, {"role": "user", "content": "Rome."}]


def conversation(
    messages: list[dict[str, str]] = LATER,
    headers: dict[str, str] | None = None,
    *,
    caller: str = "key-1",
    model: str = "auto",
    ids: ConversationIds = IDS,
    **body: object,
) -> Conversation | None:
    raw = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in {"messages": messages, **body}.items()}
    given = {name.encode(): value for name, value in (headers or {}).items()}
    return ids.of(caller, model, given.get, raw, view_prompt(raw))


def id_of(*args: object, **kwargs: object) -> bytes:
    made = conversation(*args, **kwargs)  # type: ignore[arg-type]  # test data
    assert made is not None
    return made.id


def test_turns_of_one_conversation_have_one_id_by_the_first_user_message() -> None:
    assert id_of([FIRST]) == id_of(LATER) == id_of([*LATER, {"role": "assistant", "content": "Good."}, FIRST])
    assert id_of([{"role": "system", "content": "x"}, *LATER]) == id_of(LATER)
    assert id_of([{"role": "user", "content": "Plan a trip!"}]) != id_of(LATER)


@pytest.mark.parametrize(("messages", "followed"), [([FIRST], False), (LATER, True), ([FIRST, FIRST], True)])
def test_a_single_prompt_is_not_followed(messages: list[dict[str, str]], followed: bool) -> None:
    made = conversation(messages)
    assert made is not None
    assert made.followed == followed


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x-routeiq-conversation": "c1"}, {}),
        ({"x-litellm-session-id": "c1"}, {}),
        ({}, {"litellm_session_id": "c1"}),
        ({}, {"metadata": {"session_id": "c1", "other": 1}}),
    ],
)
def test_a_named_conversation_is_followed_from_its_first_turn(headers: dict[str, str], body: dict[str, object]) -> None:
    made = conversation([FIRST], headers, **body)
    assert made is not None
    assert made.followed
    assert made.id == id_of(LATER, {"x-routeiq-conversation": "c1"})


def test_our_own_header_comes_first() -> None:
    both = {"x-routeiq-conversation": "c1", "x-litellm-session-id": "c2"}
    assert id_of(headers=both, metadata={"session_id": "c3"}) == id_of(headers={"x-routeiq-conversation": "c1"})


@pytest.mark.parametrize(
    "body",
    [
        {"metadata": {"session_id": 5}}, {"metadata": "x"}, {"metadata": None}, {"metadata": {}},
        {"litellm_session_id": 7}, {"prompt_cache_key": "c1"}, {"user": "c1"},
    ],
)  # fmt: skip
def test_what_is_no_session_id_names_nothing(body: dict[str, object]) -> None:
    assert id_of(**body) == id_of()


@pytest.mark.parametrize("value", ["none", " None "])
def test_a_request_may_stand_alone(value: str) -> None:
    assert conversation(headers={"x-routeiq-conversation": value}, litellm_session_id="c1") is None


def test_without_a_user_message_there_is_none() -> None:
    assert conversation([{"role": "system", "content": "x"}]) is None


def test_text_never_meets_a_name() -> None:
    opening = view_prompt({"messages": msgspec.Raw(json.dumps(LATER).encode())}).opening
    assert id_of(headers={"x-routeiq-conversation": opening.decode("latin-1")}) != id_of()


@given(st.lists(st.text(max_size=8), min_size=3, max_size=3), st.lists(st.text(max_size=8), min_size=3, max_size=3))
def test_callers_and_models_never_share_one(one: list[str], other: list[str]) -> None:
    ids = [
        IDS._id(caller, model, b"named", name.encode("utf-8", "surrogatepass")) for caller, model, name in (one, other)
    ]
    assert (ids[0] == ids[1]) == (one == other)


def test_nobody_can_compute_an_id() -> None:
    assert id_of(ids=ConversationIds()) != id_of(ids=ConversationIds())


def test_history_is_what_comes_before_the_last_question() -> None:
    first, later = conversation([FIRST]), conversation(LATER)
    assert first is not None
    assert later is not None
    assert later.history_bytes == len(json.dumps(LATER)) - len('"Rome."')
    assert first.history_bytes < 40


def test_long_openings_differ_by_their_ends_and_length() -> None:
    def opened(text: str) -> bytes:
        return id_of([{"role": "user", "content": text}])

    long = "a" * 9000
    assert opened(long) != opened(long + "a")
    assert opened(long + "b") != opened(long + "c")
    assert opened("b" + long) != opened("c" + long)
