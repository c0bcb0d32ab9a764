"""Golden streams, cut at every byte."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.gateway.dialects.openai_anthropic.stream import OpenAIStream, StreamBroken
from routeiq.kit.sse import SSEEvent, SSEReader

USAGE = {"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 3}
START: dict[str, object] = {
    "type": "message_start",
    "message": {"id": "msg_1", "model": "claude-x", "role": "assistant", "content": [], "usage": USAGE},
}
STOP: dict[str, object] = {"type": "message_stop"}


def text(piece: str) -> dict[str, object]:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}


def arguments(index: int, piece: str) -> dict[str, object]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta", "partial_json": piece}}


def block(index: int, **content: object) -> dict[str, object]:
    return {"type": "content_block_start", "index": index, "content_block": content}


def finish(reason: str) -> dict[str, object]:
    return {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": None},
        "usage": {"output_tokens": 9},
    }


def end(index: int) -> dict[str, object]:
    return {"type": "content_block_stop", "index": index}


CHAT: list[dict[str, object]] = [
    START,
    block(0, type="text", text=""),
    {"type": "ping"},
    text("Hé"),
    text(" you"),
    end(0),
    finish("end_turn"),
    STOP,
]
TOOLS: list[dict[str, object]] = [
    START,
    block(0, type="thinking", thinking=""),
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}},
    end(0),
    block(1, type="tool_use", id="t1", name="f", input={}),
    arguments(1, ""),
    arguments(1, '{"a":'),
    arguments(1, "1}"),
    end(1),
    block(2, type="tool_use", id="t2", name="g", input={}),
    end(2),
    block(3, type="server_tool_use", id="s", name="web_search", input={}),
    arguments(3, "{}"),
    end(3),
    finish("tool_use"),
    STOP,
]


def wire(events: list[dict[str, object]]) -> bytes:
    frames = (f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events)
    return "".join(frames).encode()


def translate(chunks: list[bytes], *, include_usage: bool = False) -> bytes:
    stream, reader = OpenAIStream(7, include_usage=include_usage), SSEReader()
    frames = b"".join(stream.translate(event) for chunk in chunks for event in reader.events(chunk))
    assert stream.done
    return frames


def chunks_of(frames: bytes) -> list[dict[str, object]]:
    *data, done = [event.data for event in SSEReader().events(frames)]
    assert done == b"[DONE]"
    return [json.loads(item) for item in data]


def choices(frames: bytes) -> list[tuple[dict[str, object], str | None]]:
    return [(choice["delta"], choice["finish_reason"]) for chunk in chunks_of(frames) for choice in chunk["choices"]]  # type: ignore[attr-defined]


def test_a_chat_stream() -> None:
    assert choices(translate([wire(CHAT)])) == [
        ({"role": "assistant", "content": ""}, None),
        ({"content": "Hé"}, None),
        ({"content": " you"}, None),
        ({}, "stop"),
    ]


def test_every_chunk_has_the_same_head() -> None:
    heads = [
        {name: value for name, value in chunk.items() if name != "choices"}
        for chunk in chunks_of(translate([wire(CHAT)]))
    ]
    assert heads == [{"id": "msg_1", "object": "chat.completion.chunk", "created": 7, "model": "claude-x"}] * 4


def test_tool_calls_are_numbered_and_always_have_arguments() -> None:
    assert choices(translate([wire(TOOLS)])) == [
        ({"role": "assistant", "content": ""}, None),
        ({"reasoning_content": "Hm."}, None),
        (
            {"tool_calls": [{"index": 0, "id": "t1", "type": "function", "function": {"name": "f", "arguments": ""}}]},
            None,
        ),
        ({"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]}, None),
        ({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}, None),
        (
            {"tool_calls": [{"index": 1, "id": "t2", "type": "function", "function": {"name": "g", "arguments": ""}}]},
            None,
        ),
        ({"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]}, None),
        ({}, "tool_calls"),
    ]


def test_usage_comes_only_if_asked_for_and_without_choices() -> None:
    last = chunks_of(translate([wire(CHAT)], include_usage=True))[-1]
    assert last["choices"] == []
    details = {"cached_tokens": 3, "cache_creation_tokens": 0}
    assert last["usage"] == {
        "prompt_tokens": 13,
        "completion_tokens": 9,
        "total_tokens": 22,
        "prompt_tokens_details": details,
    }
    assert all("usage" not in chunk for chunk in chunks_of(translate([wire(CHAT)])))


@pytest.mark.parametrize("events", [CHAT, TOOLS])
def test_byte_by_byte_gives_the_same_frames(events: list[dict[str, object]]) -> None:
    data = wire(events)
    assert translate([data[place : place + 1] for place in range(len(data))]) == translate([data])


@given(st.lists(st.integers(0, len(wire(TOOLS))), max_size=8))
def test_any_cuts_give_the_same_frames(places: list[int]) -> None:
    data = wire(TOOLS)
    edges = [0, *sorted(places), len(data)]
    assert translate([data[a:b] for a, b in pairwise(edges)]) == translate([data])


def test_a_message_that_stops_without_a_reason_still_finishes() -> None:
    assert choices(translate([wire([START, block(0, type="text", text="A"), STOP])]))[1:] == [
        ({"content": "A"}, None),
        ({}, "stop"),
    ]


def event(data: object) -> SSEEvent:
    return SSEEvent(data if isinstance(data, bytes) else json.dumps(data).encode())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            "overloaded_error: Overloaded",
        ),
        ({"type": "error"}, "error: "),
        ({"type": "message_start"}, "its first event has no message"),
        (b"{nonsense", "an event is not Anthropic's JSON"),
        (b"[1]", "an event is not Anthropic's JSON"),
    ],
)
def test_errors_break_the_stream(data: object, reason: str) -> None:
    with pytest.raises(StreamBroken) as broken:
        OpenAIStream(0, include_usage=False).translate(event(data))
    assert broken.value.reason == reason


def test_events_before_the_message_and_unknown_ones_are_nothing() -> None:
    stream = OpenAIStream(0, include_usage=False)
    assert stream.translate(event(text("early"))) == b""
    stream.translate(event(START))
    assert stream.translate(event({"type": "content_block_new"})) == b""
    assert stream.translate(event({"type": "content_block_start", "index": 0})) == b""
    assert stream.translate(event({"type": "content_block_delta", "index": 0})) == b""
    assert stream.translate(event({"type": "message_delta"})) == b""
