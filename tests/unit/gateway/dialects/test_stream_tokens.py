"""Tokens of a stream, counted as it passes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.gateway.dialects.packing import Packing
from routeiq.gateway.dialects.stream_tokens import StreamTokens, whole_tokens
from routeiq.gateway.endpoint import Endpoint


def frame(data: object, event: str = "") -> bytes:
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    return (f"event: {event}\n" if event else "").encode() + f"data: {text}\n\n".encode()


def chat(delta: object, **fields: object) -> bytes:
    return frame({"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} | fields)


def words(*texts: str) -> list[bytes]:
    """A stream of OpenAI's: only the texts are tokens."""
    said = [chat({"content": text}) for text in texts]
    last = frame({"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    usage = frame({"id": "c1", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": len(texts)}})
    return [chat({"role": "assistant", "content": ""}), *said, last, usage, frame("[DONE]")]


def anthropic(*texts: str) -> list[bytes]:
    def of(kind: str, **fields: object) -> bytes:
        return frame({"type": kind, **fields}, kind)

    said = [of("content_block_delta", index=0, delta={"type": "text_delta", "text": text}) for text in texts]
    started = of("message_start", message={"usage": {"input_tokens": 9, "output_tokens": 1}})
    ended = of("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": len(texts)})
    return [started, of("content_block_start", index=0, content_block={}), *said, ended, of("message_stop")]


def count(chunks: list[bytes], endpoint: Endpoint = Endpoint.CHAT, *, packed: bool = False) -> int:
    tokens = StreamTokens(endpoint, packed=packed)
    total = sum(tokens.add(chunk) for chunk in chunks) + tokens.rest()
    assert total == tokens.tokens
    return total


def responses(*texts: str) -> list[bytes]:
    said = [
        frame({"type": "response.output_text.delta", "sequence_number": n, "delta": t}) for n, t in enumerate(texts)
    ]
    done = frame({"type": "response.completed", "response": {"usage": {"input_tokens": 1, "output_tokens": 2}}})
    return [frame({"type": "response.created"}), *said, done]


STREAMS = {Endpoint.CHAT: words, Endpoint.MESSAGES: anthropic, Endpoint.RESPONSES: responses}
TEXTS = st.lists(st.text(min_size=1, max_size=12), max_size=12)


@pytest.mark.parametrize("endpoint", STREAMS)
def test_an_event_with_content_is_a_token(endpoint: Endpoint) -> None:
    made = STREAMS[endpoint]("Hello", " wor", "ld", 'data: "x"\n\ndata: y', "\u00e9")
    assert count(made, endpoint) == 5
    assert count([b"".join(made)], endpoint) == 5
    assert count([bytes([one]) for one in b"".join(made)], endpoint) == 5


@given(TEXTS, st.lists(st.integers(1, 300), min_size=1), st.sampled_from(list(STREAMS)))
def test_however_it_is_cut(texts: list[str], cuts: list[int], endpoint: Endpoint) -> None:
    data, pieces, at = b"".join(STREAMS[endpoint](*texts)), list[bytes](), 0
    while at < len(data):
        size = cuts[len(pieces) % len(cuts)]
        pieces.append(data[at : at + size])
        at += size
    assert count(pieces, endpoint) == len(texts)


@given(TEXTS)
def test_line_ends_may_be_those_of_windows(texts: list[str]) -> None:
    assert count([one.replace(b"\n", b"\r\n") for one in words(*texts)]) == len(texts)


@pytest.mark.parametrize("delta", [{"reasoning_content": "so"}, {"tool_calls": [{"index": 0}]}, {"refusal": "no"}])
def test_what_is_no_text_is_content_too(delta: object) -> None:
    assert count([chat(delta), chat(delta)]) == 2


@pytest.mark.parametrize(
    "chunk", [b": waiting\n\n", b"data: {not json}\n\n", b"data: []\n\n", b'data: {"choices":null}\n\n', b"\n\n", b""]
)
def test_what_says_nothing_is_none(chunk: bytes) -> None:
    assert count([chunk, *words("a"), chunk]) == 1


def test_an_empty_text_after_others_is_none() -> None:
    assert count([chat({"content": "a"}), chat({"content": "b"}), chat({"content": ""})]) == 2


def test_each_choice_is_counted() -> None:
    both = frame({"choices": [{"delta": {"content": "a"}}, {"delta": {"content": "b"}}]})
    assert count([both]) == 2


def test_of_packed_events_the_text_counts() -> None:
    assert count(words("x" * 52, "y"), packed=True) == 11
    assert count(anthropic("x" * 52, "\u00e9" * 5), Endpoint.MESSAGES, packed=True) == 12


def test_it_knows_when_usage_was_said() -> None:
    tokens, said = StreamTokens(Endpoint.MESSAGES), list[tuple[bool, bool]]()
    for chunk in anthropic("a", "b"):
        tokens.add(chunk)
        if tokens.reports:
            said.append((tokens.reports, tokens.final))
    assert said == [(True, False), (True, True)]


def test_a_deployment_is_packed_when_its_streams_say_so() -> None:
    packing = Packing()
    packing.learn(3, 300)
    assert not packing.packed
    packing.learn(10, 80)
    assert packing.packed
    packing.learn(10, 10)
    assert not packing.packed


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        (b'{"choices":[{"message":{"content":"0123456789"}}]}', 2),
        (b'{"choices":[{"text":"0123456789"}]}', 2),
        (b'{"choices":[{"message":{"content":null}}]}', 0),
        (b"[]", 0),
    ],
)
def test_a_whole_answer_is_measured_by_its_text(body: bytes, tokens: int) -> None:
    assert whole_tokens(body) == tokens
