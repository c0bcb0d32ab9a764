"""Tokens from raw bytes, whole and in pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.gateway.dialects.usage import NotAnAnswer, StreamUsage, read_usage
from routeiq.gateway.plan import Endpoint, Usage

CHAT = b'data: {"choices":[{"delta":{"content":"a \\"usage\\":{\\"prompt_tokens\\":9} b"}}],"usage":null}\n\n' * 3 + (
    b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5,'
    b'"prompt_tokens_details":{"cached_tokens":1}}}\n\ndata: [DONE]\n\n'
)
RESPONSES = (
    b'event: response.created\ndata: {"response":{"usage":null}}\n\n'
    b'event: response.completed\ndata: {"response":{"output":[],"usage":{"input_tokens":7,"output_tokens":2}}}\n\n'
)
MESSAGES = (
    b'event: message_start\ndata: {"message":{"model":"c","usage":{"input_tokens":10,"cache_read_input_tokens":4,'
    b'"output_tokens":1}}}\n\n'
    + b'event: content_block_delta\ndata: {"delta":{"text":"hello"}}\n\n' * 5000
    + b'event: message_delta\ndata: {"delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":12}}\n\n'
)


def read(endpoint: Endpoint, stream: bytes, size: int) -> Usage | None:
    usage = StreamUsage(endpoint)
    for start in range(0, len(stream), size):
        usage.add(stream[start : start + size])
    return usage.read()


@given(st.integers(1, 5000))
def test_the_stream_of_each_dialect_reports_however_it_is_cut(size: int) -> None:
    assert read(Endpoint.CHAT, CHAT, size) == Usage(3, 5, cache_read=1)
    assert read(Endpoint.RESPONSES, RESPONSES, size) == Usage(7, 2)


@pytest.mark.parametrize("size", [100, 4096, len(MESSAGES)])
def test_anthropics_stream_reports_at_both_ends(size: int) -> None:
    assert read(Endpoint.MESSAGES, MESSAGES, size) == Usage(14, 12, cache_read=4)


@pytest.mark.parametrize("chunk", [b"x" * 4096, b"x" * 100_000, b'data: {"text":"no counts"}\n\n'])
def test_hardly_anything_is_kept(chunk: bytes) -> None:
    usage = StreamUsage(Endpoint.MESSAGES)
    for _ in range(1000):
        usage.add(chunk)
        assert sum(map(len, usage._line)) <= 24 * 1024


def test_counts_behind_a_long_text_in_one_line_are_found() -> None:
    text = b'data: {"output":"' + b"x" * 500_000 + b'","usage":{"input_tokens":7,"output_tokens":2}}'
    for size in (7, 4096, len(text)):
        assert read(Endpoint.RESPONSES, text, size) == Usage(7, 2)
        assert read(Endpoint.RESPONSES, text + b"\n\n", size) == Usage(7, 2)


def test_the_last_counts_count_however_much_follows_them() -> None:
    counted = b"".join(b'data: {"usage":{"prompt_tokens":3,"completion_tokens":%d}}\n\n' % done for done in range(9))
    assert read(Endpoint.CHAT, counted + b"data: {}\n\n" * 9000, 100) == Usage(3, 8)


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        (b'{"usage":{"prompt_tokens":3,"completion_tokens":5}}', Usage(3, 5)),
        (b'{"usage":{"prompt_tokens":3,"total_tokens":3}}', Usage(3, 0)),
        (b'{"usage":{"input_tokens":3,"output_tokens":4,"cache_creation_input_tokens":2}}', Usage(5, 4, cache_write=2)),
    ],
)
def test_a_whole_answer_reports(body: bytes, usage: Usage) -> None:
    assert read_usage(body) == usage


@pytest.mark.parametrize("body", [b"<html>", b"", b"[1]", b"null", b'{"a":', b'{"usage":{}', b"[" * 5000])
def test_what_is_no_object_is_no_answer(body: bytes) -> None:
    with pytest.raises(NotAnAnswer):
        read_usage(body)


@pytest.mark.parametrize("body", [b"{}", b'{"usage":null}', b'{"usage":"x"}', b'{"usage":{"prompt_tokens":"1"}}'])
def test_what_reports_no_usage_has_none(body: bytes) -> None:
    assert read_usage(body) is None
    assert read(Endpoint.CHAT, b"data: " + body, 10) is None


@pytest.mark.parametrize("count", ["-1", "1" + "0" * 400, str(2**53 + 1)])
def test_a_count_that_no_answer_has_is_none(count: str) -> None:
    body = b'{"usage":{"prompt_tokens":1,"completion_tokens":%b}}' % count.encode()
    assert read_usage(body) is None
    assert read(Endpoint.CHAT, b"data: " + body, 10) is None


def test_odd_counts_are_passed_over() -> None:
    assert read(Endpoint.CHAT, b'data: {"usage":{"prompt_tokens":"many"}}\n\n', 100) is None
