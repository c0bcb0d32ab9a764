"""Tokens from raw bytes, whole and in pieces."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.gateway.dialects.usage import NotAnAnswer, StreamUsage, read_usage
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.plan import Usage

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


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"usage":null}',
        b'{"usage":"x"}',
        b'{"usage":{"prompt_tokens":"1"}}',
        b'{"usage":{}}',
        b'{"usage":{"total_tokens":1}}',
    ],
)
def test_what_reports_no_usage_has_none(body: bytes) -> None:
    assert read_usage(body) is None
    assert read(Endpoint.CHAT, b"data: " + body, 10) is None


@pytest.mark.parametrize("count", ["-1", "1" + "0" * 400, str(2**27 + 1)])
def test_a_count_that_no_answer_has_is_none(count: str) -> None:
    body = b'{"usage":{"prompt_tokens":1,"completion_tokens":%b}}' % count.encode()
    assert read_usage(body) is None
    assert read(Endpoint.CHAT, b"data: " + body, 10) is None


def test_odd_counts_are_passed_over() -> None:
    assert read(Endpoint.CHAT, b'data: {"usage":{"prompt_tokens":"many"}}\n\n', 100) is None


def whole(**usage: object) -> Usage | None:
    return read_usage(json.dumps({"usage": usage}).encode())


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (  # OpenAI, chat
            {
                "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
                "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 6},
                "completion_tokens_details": {
                    "reasoning_tokens": 20, "audio_tokens": 5, "accepted_prediction_tokens": 3,
                },
            },
            Usage(100, 50, cache_read=64, audio_input=6, reasoning=20, audio_output=5),
        ),
        (  # OpenAI, responses
            {
                "input_tokens": 100, "input_tokens_details": {"cached_tokens": 7}, "output_tokens": 9,
                "output_tokens_details": {"reasoning_tokens": 4}, "total_tokens": 109,
            },
            Usage(100, 9, cache_read=7, reasoning=4),
        ),
        (  # Anthropic
            {
                "input_tokens": 5, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 20, "output_tokens": 2,
                "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
                "service_tier": "standard",
            },
            Usage(55, 2, cache_read=20, cache_write=30, cache_write_1h=20),
        ),
        (  # Anthropic, behind OpenAI's dialect, by litellm
            {
                "prompt_tokens": 55, "completion_tokens": 2, "cache_creation_input_tokens": 30,
                "cache_read_input_tokens": 20,
                "prompt_tokens_details": {
                    "cached_tokens": 20, "cache_creation_tokens": 30,
                    "cache_creation_token_details": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
                },
            },
            Usage(55, 2, cache_read=20, cache_write=30, cache_write_1h=20),
        ),
        (  # Gemini, by litellm
            {
                "prompt_tokens": 90, "completion_tokens": 40, "total_tokens": 130,
                "prompt_tokens_details": {
                    "audio_tokens": 30, "cached_tokens": 20, "text_tokens": 20, "image_tokens": 40,
                    "cached_tokens_details": {"audio_tokens": 10, "image_tokens": 10},
                },
                "completion_tokens_details": {"reasoning_tokens": 15, "text_tokens": 15, "image_tokens": 10},
            },
            Usage(90, 40, cache_read=20, audio_input=20, image_input=30, reasoning=15, image_output=10),
        ),
        (  # DeepSeek
            {"prompt_tokens": 9, "completion_tokens": 1, "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 5},
            Usage(9, 1, cache_read=4),
        ),
        (  # xAI: what it thought is in the total alone
            {
                "prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 30,
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
            Usage(9, 21, reasoning=20),
        ),
        ({"prompt_tokens": 3, "completion_tokens": 5, "prompt_tokens_details": None}, Usage(3, 5)),
    ],
)  # fmt: skip
def test_every_dialect_says_what_its_tokens_were(usage: dict[str, object], expected: Usage) -> None:
    assert whole(**usage) == expected
    event = b"data: " + json.dumps({"choices": [], "usage": usage}).encode() + b"\n\n"
    for endpoint in (Endpoint.CHAT, Endpoint.MESSAGES):
        assert read(endpoint, event + b"data: [DONE]\n\n", 50) == expected


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"cached_tokens": 11}, Usage(10, 0, cache_read=10)),
        ({"cached_tokens": -4, "audio_tokens": -1}, Usage(10, 0)),
        ({"cached_tokens": 8, "cache_write_tokens": 8, "audio_tokens": 9}, Usage(10, 0, cache_read=8, cache_write=2)),
        ({"cached_tokens": "many"}, Usage(10, 0)),
        ({"cached_tokens": 1.5}, Usage(10, 0)),
        ({"cached_tokens": 10**300}, Usage(10, 0, cache_read=10)),
        ("none", Usage(10, 0)),
    ],
)
def test_a_detail_that_cannot_be_is_cut_down(details: object, expected: Usage) -> None:
    usage = {"prompt_tokens": 10, "prompt_tokens_details": details}
    found = whole(**usage)
    assert found in (expected, Usage(10, 0))
    assert read(Endpoint.CHAT, b"data: " + json.dumps({"usage": usage}).encode(), 1000) == found


_NUMBER = st.integers(-(10**20), 10**20) | st.integers(0, 99) | st.floats(allow_nan=False, allow_infinity=False)
_ANY = st.none() | _NUMBER | st.text("az1", max_size=3) | st.booleans()
_DETAILS = st.dictionaries(
    st.sampled_from([
        "cached_tokens", "audio_tokens", "reasoning_tokens", "image_tokens", "cache_write_tokens",
        "cache_creation_tokens",
    ]),
    _ANY,
)  # fmt: skip
_USAGES = st.fixed_dictionaries(
    {},
    optional={
        "prompt_tokens": _ANY, "completion_tokens": _ANY, "input_tokens": _ANY, "output_tokens": _ANY,
        "total_tokens": _ANY, "cache_creation_input_tokens": _ANY, "cache_read_input_tokens": _ANY,
        "prompt_tokens_details": _DETAILS, "completion_tokens_details": _DETAILS, "input_tokens_details": _DETAILS,
        "prompt_cache_hit_tokens": _ANY, "cache_creation": _DETAILS, "service_tier": _ANY,
    },
)  # fmt: skip


@given(_USAGES)
def test_no_part_is_negative_nor_more_than_its_whole(usage: dict[str, object]) -> None:
    found = whole(**usage)
    if found is not None:
        sent = (found.cache_read, found.cache_write, found.audio_input, found.image_input)
        made = (found.reasoning, found.audio_output, found.image_output)
        assert min(found.input_tokens, found.output_tokens, found.cache_write_1h, *sent, *made) >= 0
        assert found.input_tokens >= sum(sent)
        assert found.output_tokens >= sum(made)
        assert found.cache_write >= found.cache_write_1h


@pytest.mark.parametrize(
    ("said", "tier"),
    [
        ("flex", "flex"),
        ("priority", "priority"),
        ("default", ""),
        ("auto", ""),
        ("batch", "batches"),
        (5, ""),
        (None, ""),
    ],
)
def test_a_service_tier_with_prices_is_said(said: object, tier: str) -> None:
    answer = {"service_tier": said, "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
    assert read_usage(json.dumps(answer).encode()) == Usage(1, 2, service_tier=tier)
    chunk = b"data: " + json.dumps({"choices": [], **answer}).encode() + b"\n\ndata: [DONE]\n\n"
    assert read(Endpoint.CHAT, chunk, 7) == Usage(1, 2, service_tier=tier)
    event = b"data: " + json.dumps({"type": "response.completed", "response": answer}).encode() + b"\n\n"
    assert read(Endpoint.RESPONSES, event, 7) == Usage(1, 2, service_tier=tier)


def test_a_callers_word_is_no_service_tier() -> None:
    """Metadata of a request stands in its answer."""
    answer = {"metadata": {"service_tier": "flex"}, "usage": {"input_tokens": 1, "output_tokens": 2}}
    event = b"data: " + json.dumps({"type": "response.completed", "response": answer}).encode() + b"\n\n"
    assert read(Endpoint.RESPONSES, event, 100) == Usage(1, 2)


def test_anthropics_stream_says_first_what_was_cached() -> None:
    start = {
        "message": {
            "usage": {
                "input_tokens": 1, "cache_creation_input_tokens": 8, "output_tokens": 1, "service_tier": "priority",
                "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 5},
            }
        }
    }  # fmt: skip
    end = {"delta": {}, "usage": {"output_tokens": 12}}
    stream = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in (start, end))
    assert read(Endpoint.MESSAGES, stream, 9) == Usage(9, 12, cache_write=8, cache_write_1h=5, service_tier="priority")
