"""Heads of answers: what an application may say, and what the server says itself."""

from __future__ import annotations

import pytest

from routeiq.kit import http_head
from routeiq.kit.http_head import as_lines, encode


def test_names_are_lowered_and_lines_begin_with_their_break() -> None:
    assert encode([(b"X-A", b"b"), (b"x-a", b"")]) == (b"\r\nx-a: b\r\nx-a: ", None, False)


def test_the_length_is_read() -> None:
    assert encode([(b"Content-Length", b"12")]) == (b"\r\ncontent-length: 12", 12, False)


@pytest.mark.parametrize("lengths", [(b"1", b"1"), (b"+1",), (b"",), (b"1.0",), (b" 1",)])
def test_other_lengths_are_refused(lengths: tuple[bytes, ...]) -> None:
    with pytest.raises(RuntimeError):
        encode([(b"content-length", one) for one in lengths])


def test_the_connection_is_the_servers() -> None:
    assert encode([(b"connection", b"keep-alive"), (b"transfer-encoding", b"chunked")]) == (b"", None, False)
    assert encode([(b"Connection", b"x, Close")]) == (b"", None, True)


@pytest.mark.parametrize("code", [*range(9), *range(10, 32), 127])
def test_no_control_character_gets_into_a_head(code: int) -> None:
    for header in ((b"a", b"b%cc" % code), (b"a%cb" % code, b"c")):
        with pytest.raises(RuntimeError):
            encode([header])


def test_tabs_and_latin_1_do() -> None:
    assert encode([(b"a", b"b\t\xe9")])[0] == b"\r\na: b\t\xe9"


def test_names_without_end_are_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_head, "_prefixes", {})
    for number in range(3000):
        encode([(b"x-%d" % number, b"")])
    assert len(http_head._prefixes) == http_head.MOST_NAMES


def test_known_lines() -> None:
    assert as_lines([(b"date", b"now")]) == b"\r\ndate: now"
