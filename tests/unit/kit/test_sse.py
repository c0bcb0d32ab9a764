"""Frames and events come out the same however the bytes were cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.kit.sse import DONE, SSEEvent, SSEFrameTooLarge, SSEReader, encode_event, parse_event

STREAM = (
    b': hello\n\nevent: a\ndata: {"x":1}\n\ndata: one\r\ndata: two\r\n\r\ndata:three\r\rdata\n\nid: 7\nretry: 5\n\n'
)
EVENTS = [SSEEvent(b'{"x":1}', b"a"), SSEEvent(b"one\ntwo"), SSEEvent(b"three"), SSEEvent(b"")]


def read(chunks: list[bytes]) -> list[SSEEvent]:
    reader = SSEReader()
    return [event for chunk in chunks for event in reader.events(chunk)]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def test_events_of_a_whole_stream() -> None:
    assert read([STREAM]) == EVENTS


@pytest.mark.parametrize("place", range(len(STREAM)))
def test_one_cut_anywhere_changes_nothing(place: int) -> None:
    assert read(cut(STREAM, [place])) == EVENTS


def test_byte_by_byte_changes_nothing() -> None:
    assert read([STREAM[place : place + 1] for place in range(len(STREAM))]) == EVENTS


LINES = st.sampled_from([b"data: a", b"data:b", b": c", b"event: d", b"", b"data: \xc3\xa9", b"data"])
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(st.lists(st.tuples(LINES, ENDS), max_size=30), st.lists(st.integers(0, 300), max_size=20))
def test_any_cuts_give_the_same_events(lines: list[tuple[bytes, bytes]], places: list[int]) -> None:
    data = b"".join(line + end for line, end in lines) + b"\n\n"
    whole = read([data])
    assert read(cut(data, [min(place, len(data)) for place in places])) == whole


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=10))
def test_no_byte_is_lost(data: bytes, places: list[int]) -> None:
    reader = SSEReader()
    frames = [
        frame for chunk in cut(data, [min(place, len(data)) for place in places]) for frame in reader.frames(chunk)
    ]
    assert b"".join(frames) + reader.rest == data


def test_the_last_event_counts_without_its_blank_line() -> None:
    reader = SSEReader()
    assert reader.events(b"data: [DONE]") == []
    assert reader.finish() == SSEEvent(b"[DONE]")
    assert reader.finish() is None


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read([b"\xef\xbb\xbfdata: a\n\n"]) == [SSEEvent(b"a")]


def test_a_frame_may_be_as_long_as_the_limit() -> None:
    frame = b"data: 12\n\n"
    assert SSEReader(limit_bytes=len(frame)).frames(frame) == [frame]


@pytest.mark.parametrize("chunks", [[b"data: 123\n\n"], [b"data: 12345"], [b"data: 1", b"234", b"5\n\n"]])
def test_a_longer_frame_is_refused(chunks: list[bytes]) -> None:
    reader = SSEReader(limit_bytes=10)
    with pytest.raises(SSEFrameTooLarge):
        [reader.frames(chunk) for chunk in chunks]


def test_short_frames_pass_however_many_come_at_once() -> None:
    assert len(SSEReader(limit_bytes=16).frames(b"data: 1\n\n" * 100)) == 100


def test_a_frame_without_data_is_no_event() -> None:
    assert parse_event(b"event: ping\n\n") is None


def test_what_is_written_can_be_read() -> None:
    assert read([encode_event(b"x", b"y"), DONE]) == [SSEEvent(b"x", b"y"), SSEEvent(b"[DONE]")]
