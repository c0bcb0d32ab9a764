"""A stream goes through byte for byte, but for the model's name under an alias and a usage event nobody asked for."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.gateway.dialects.edits import StreamEdits, renamed
from routeiq.gateway.endpoint import Endpoint
from routeiq.kit.sse import SSEReader

WORDS = [b"hello", "größer 🙂".encode(), b'\\"model\\":\\"x\\"', b"\\n\\n", b"data: [DONE]", b""]
USAGE = b'data: {"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n'
FIRST = b'data: {"id":"c","model":"m","choices":[],"prompt_filter_results":[]}\n\n'
DONE = b"data: [DONE]\n\n"


def chunk(word: bytes) -> bytes:
    return b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"' + word + b'"}}],"usage":null}\n\n'


def answer(rng: random.Random) -> list[bytes]:
    """A chat stream as OpenAI's and Azure's servers send them, with comments as keep-alives."""
    words = [chunk(rng.choice(WORDS)) for _ in range(rng.randint(0, 12))]
    return [*([FIRST] if rng.random() < 0.5 else []), *words, b": keep-alive\n\n", USAGE, DONE]


def cut(stream: bytes, rng: random.Random) -> list[bytes]:
    places = sorted(rng.sample(range(len(stream)), k=min(len(stream), rng.randint(0, 30))))
    return [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]


def passed(edits: StreamEdits, chunks: list[bytes]) -> bytes:
    return b"".join([*(edits.feed(piece) for piece in chunks), edits.rest()])


def test_a_thousand_streams_keep_their_hash_however_they_are_cut() -> None:
    rng = random.Random(7)
    for _ in range(1000):
        frames = answer(rng)
        stream = b"".join(frames)
        sent = passed(StreamEdits(Endpoint.CHAT, model=None, hide_usage=False), cut(stream, rng))
        assert hashlib.sha256(sent).digest() == hashlib.sha256(stream).digest()
        hidden = passed(StreamEdits(Endpoint.CHAT, model=None, hide_usage=True), cut(stream, rng))
        assert hidden == stream.replace(USAGE, b"")
        alias = passed(StreamEdits(Endpoint.CHAT, model="my alias", hide_usage=False), cut(stream, rng))
        assert alias == stream.replace(b'"model":"m"', b'"model":"my alias"')


@given(st.lists(st.binary(max_size=40), max_size=20), st.booleans(), st.booleans())
def test_bytes_that_are_no_events_lose_nothing(chunks: list[bytes], hide: bool, alias: bool) -> None:
    edits = StreamEdits(Endpoint.CHAT, model="x" if alias else None, hide_usage=hide)
    assert passed(edits, chunks) == b"".join(chunks)


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\r\r", b"\n\n"])
def test_every_line_end_of_the_standard_ends_an_event(end: bytes) -> None:
    edits = StreamEdits(Endpoint.CHAT, model=None, hide_usage=True)
    assert passed(edits, [chunk(b"a")[:-2] + end + USAGE[:-2] + end + DONE]) == chunk(b"a")[:-2] + end + DONE


def test_a_whole_frame_goes_out_at_once_and_half_a_one_waits() -> None:
    edits = StreamEdits(Endpoint.CHAT, model=None, hide_usage=True)
    assert edits.feed(chunk(b"a")) == chunk(b"a")
    assert edits.feed(chunk(b"b")[:20]) == b""
    assert edits.feed(chunk(b"b")[20:] + chunk(b"c")[:5]) == chunk(b"b")
    assert edits.rest() == chunk(b"c")[:5]


@pytest.mark.parametrize(
    ("endpoint", "frame", "expected"),
    [
        (
            Endpoint.MESSAGES,
            b'event: message_start\ndata: {"type":"message_start","message":{"model":"claude-x","content":[]}}\n\n',
            b'event: message_start\ndata: {"type":"message_start","message":{"model":"alias","content":[]}}\n\n',
        ),
        (
            Endpoint.RESPONSES,
            b'event: response.created\ndata: {"response":{"model":"gpt-x","metadata":{"model":"mine"}}}\n\n',
            b'event: response.created\ndata: {"response":{"model":"alias","metadata":{"model":"mine"}}}\n\n',
        ),
        (Endpoint.CHAT, b'data: {"a":{"model":"b"}}\n\n', b'data: {"a":{"model":"b"}}\n\n'),
        (
            Endpoint.CHAT,
            b'data: {"a":{"model":"b"},"model":"m"}\n\n',
            b'data: {"a":{"model":"b"},"model":"alias"}\n\n',
        ),
        (Endpoint.CHAT, b'data: {"model":"m"\n\n', b'data: {"model":"m"\n\n'),
        (Endpoint.CHAT, b': "model":"m"\n\n', b': "model":"m"\n\n'),
        (Endpoint.RESPONSES, b'data: {"response":3,"model":"m"}\n\n', b'data: {"response":3,"model":"m"}\n\n'),
        (Endpoint.RESPONSES, b'data: {"model":"m"}\n\n', b'data: {"model":"alias"}\n\n'),
        (
            Endpoint.RESPONSES,
            b'data: {"model":"m","b":{"model":1,"model":"n"}}\n\n',
            b'data: {"model":"alias","b":{"model":1,"model":"n"}}\n\n',
        ),
    ],
)
def test_the_name_is_changed_where_the_dialect_has_it_and_nowhere_else(
    endpoint: Endpoint, frame: bytes, expected: bytes
) -> None:
    assert passed(StreamEdits(endpoint, model="alias", hide_usage=False), [frame]) == expected


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (b'data: {"id":"c",\ndata: "model":"m","x":[]}\n\n', b'data: {"id":"c","model":"alias","x":[]}\n\n'),
        (b'data: {"model":\r\ndata: "m"}\r\nid: 7\r\n\r\n', b'data: {"model":"alias"}\nid: 7\n\n'),
        (b'event: e\ndata: {"model":"m"}\nid: 7\n\n', b'data: {"model":"alias"}\nevent: e\nid: 7\n\n'),
        (b'event: e\rdata: {"model":"m"}\r\r', b'event: e\rdata: {"model":"alias"}\r\r'),
        (b'\xef\xbb\xbfdata: {"model":"m"}\n\n', b'\xef\xbb\xbfdata: {"model":"alias"}\n\n'),
        (b'data: {"a":{\ndata: "model":"m"}}\n\n', b'data: {"a":{\ndata: "model":"m"}}\n\n'),
        (b'data: {"model":"m\ndata: n"}\n\n', b'data: {"model":"m\ndata: n"}\n\n'),
    ],
)
def test_the_name_is_changed_on_whatever_line_it_stands(frame: bytes, expected: bytes) -> None:
    assert passed(StreamEdits(Endpoint.CHAT, model="alias", hide_usage=False), [frame]) == expected


def test_a_usage_event_on_several_lines_is_hidden() -> None:
    said = b'data: {"choices":\ndata: [\ndata: ],\ndata: "usage":{"prompt_tokens":1}}\n\n'
    assert passed(StreamEdits(Endpoint.CHAT, model=None, hide_usage=True), [said]) == b""


@pytest.mark.parametrize(
    "frame",
    [FIRST, b'data: {"choices":[],"usage":null}\n\n', b'data: {"choices":[],"usage":\n\n', b': "choices":[]\n\n', DONE],
)
def test_only_the_usage_event_is_hidden(frame: bytes) -> None:
    assert passed(StreamEdits(Endpoint.CHAT, model=None, hide_usage=True), [frame]) == frame


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"id":"a","model":"m","x":{"model":"n"}}', b'{"id":"a","model":"alias","x":{"model":"n"}}'),
        (b'{"id":"a"}', b'{"id":"a"}'),
        (b"[1]", b"[1]"),
        (b"{", b"{"),
    ],
)
def test_a_whole_answer_gets_the_alias(body: bytes, expected: bytes) -> None:
    assert renamed(body, "alias") == expected


def test_the_upstreams_credential_is_cut_out() -> None:
    edits = StreamEdits(Endpoint.CHAT, model=None, hide_usage=True, secrets=(b"sk-upstream",))
    assert b"[redacted]" in edits.feed(b'data: {"error":{"message":"bad key sk-upstream"}}\n\n')


@pytest.mark.parametrize("model", [None, "alias"])
@pytest.mark.parametrize("hide_usage", [True, False])
def test_it_is_cut_out_wherever_its_pieces_begin(model: str | None, *, hide_usage: bool) -> None:
    said = chunk(b"sk-upstream s sk sk-up") + DONE
    for size in range(1, 20):
        edits = StreamEdits(Endpoint.CHAT, model=model, hide_usage=hide_usage, secrets=(b"sk-upstream",))
        out = passed(edits, [said[start : start + size] for start in range(0, len(said), size)])
        kept = said if model is None else said.replace(b'"model":"m"', b'"model":"alias"')
        assert out == kept.replace(b"sk-upstream", b"[redacted]")


def test_a_stream_that_ends_like_it_begins_is_whole() -> None:
    edits = StreamEdits(Endpoint.CHAT, model=None, hide_usage=False, secrets=(b"sk-upstream",))
    assert passed(edits, [b"data: x", b"sk-", b"up"]) == b"data: xsk-up"


def test_a_long_frame_is_not_copied_for_each_of_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    copies: list[bool] = []
    monkeypatch.setattr(SSEReader, "rest", property(lambda _: copies.append(True)))
    edits = StreamEdits(Endpoint.CHAT, model="alias", hide_usage=True)
    assert [edits.feed(piece) for piece in (b"data: ", b"x" * 99, b"y")] == [b"", b"", b""]
    assert edits.feed(b"\n\n") == b"data: " + b"x" * 99 + b"y\n\n"
    assert copies == []
