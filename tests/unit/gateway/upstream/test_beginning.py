"""When enough of a stream is here to say what it begins with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.gateway.upstream.beginning import MOST_HELD_BYTES, Beginning, begins_at_once, error_line

ERROR = b'data: {"error":{"message":"no"}}\n\n'
LONG = b'data: {"choices":[{"delta":{"content":"' + b"x" * 60


@pytest.mark.parametrize(
    ("held", "decided"),
    [
        (LONG, True),
        (b"data: [DONE]\n", True),
        (b"data: x\r", True),
        (b": comment\n\n" + LONG, True),
        (b"\xef\xbb\xbf" + LONG, True),
        (b"event: e\rdata:x\r", True),
        (ERROR, True),
        (ERROR[:-2], False),
        (LONG[:40], False),
        (b": comment\n\n", False),
        (b": data: x\n\n", False),
        (b"id: 1\nevent: error\n", False),
        (b":" * (MOST_HELD_BYTES + 1), True),
        (ERROR[:-4] + b"x" * MOST_HELD_BYTES, True),
    ],
)
def test_beginnings(held: bytes, decided: bool) -> None:
    assert Beginning().add(held) is decided
    single = Beginning()
    assert any(single.add(bytes([byte])) for byte in held) is decided
    assert held.startswith(single.held)


@given(st.binary(max_size=40), st.binary(max_size=200))
def test_what_begins_at_once_is_no_error_and_needs_no_more(fields: bytes, rest: bytes) -> None:
    chunk = b"data:" + fields + rest
    if begins_at_once(chunk):
        assert error_line(chunk) is None
        assert Beginning().add(chunk)


def test_an_error_is_read_behind_comments_only() -> None:
    line = b'{"error":{"message":"no"}}'
    assert error_line(b": data: {}\n\n" + ERROR) == error_line(b"event: error\r\n" + ERROR) == line
    assert error_line(b"data: {}\n\n" + ERROR) == b"{}"
    assert error_line(b": only\n\n") is None
