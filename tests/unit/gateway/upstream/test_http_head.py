"""What is written before a body, and what an answer's head says of its own."""

from __future__ import annotations

import sys
import tracemalloc

import pytest

from routeiq.gateway.upstream.http import response_headers
from routeiq.gateway.upstream.http_head import AnswerHead, AnswerRefused, request_head, request_target
from routeiq.kit.outbound.hosts import parse_url


@pytest.mark.parametrize(
    ("url", "line", "host"),
    [
        ("http://api.test", "/", "api.test"),
        ("https://api.test:443/v1?a=b&c=%20#d", "/v1?a=b&c=%20", "api.test"),
        ("https://api.test:80/v1", "/v1", "api.test:80"),
        ("http://[::1]:8000/v1", "/v1", "[::1]:8000"),
        ("http://api.test/models/ü:x", "/models/%C3%BC:x", "api.test"),
    ],
)
def test_request_lines(url: str, line: str, host: str) -> None:
    assert request_target(url, parse_url(url)) == (line, host)


def test_a_request_head_has_its_own_framing_and_host() -> None:
    headers = {"Transfer-Encoding": "chunked", "Expect": "x", "Accept-Encoding": "identity", "A": "b", "a": "c"}
    assert request_head("/v1", "api.test", headers) == (
        b"POST /v1 HTTP/1.1\r\naccept-encoding: identity\r\na: b\r\nhost: api.test\r\nuser-agent: routeiq\r\n"
        b"accept: */*\r\n"
    )


@pytest.mark.parametrize(
    "header", [("a b", "c"), ("", "c"), ("a:", "c"), ("a", "\r\n"), ("a", "\n"), ("a", "\0"), ("a", "€")]
)
def test_a_header_that_would_break_the_head_is_refused(header: tuple[str, str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - one of two texts, neither of which is shown
        request_head("/", "h", dict([header]))


def raw(pairs: list[tuple[bytes, bytes]]) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + b"".join(b"%b: %b\r\n" % pair for pair in pairs)


def test_response_headers_are_those_of_every_client() -> None:
    pairs = [
        (b"Content-Type", b"text/plain"), (b"Content-Length", b"5"), (b"Set-Cookie", b"a"), (b"Via", b"a"),
        (b"VIA", b"b"),
        (b"Connection", b"close, X-Private"), (b"Connection", b"x-other"), (b"X-Private", b"1"), (b"X-Other", b"1"),
    ]  # fmt: skip
    head = AnswerHead(200, raw(pairs))
    assert dict(head) == {"content-type": "text/plain", "via": "a, b"}
    assert (head.encoding, head.until_close) == ("", False)


@pytest.mark.parametrize(
    ("pairs", "content_type"),
    [
        ([(b"Content-TYPE", b"a/B; c ")], "a/B; c"),
        ([(b"content-type", b"a/b"), (b"Content-Type", b"c/d")], "a/b, c/d"),
        ([(b"content-type", b"a/\xe4")], None),
        ([(b"content-type", b"a\tb")], None),
        ([(b"connection", b"Keep-Alive"), (b"content-type", b"a/b")], "a/b"),
        ([(b"content-type", b"a/b"), (b"connection", b"close, Content-Type")], None),
        ([(b"x-content-type", b"a/b"), (b"x", b"content-type: a/b")], None),
        ([(b"content-type", b"")], ""),
    ],
)
@pytest.mark.parametrize("first", ["content-type", "x-other"])
def test_a_header_reads_the_same_whatever_was_read_before(
    pairs: list[tuple[bytes, bytes]], content_type: str | None, first: str
) -> None:
    head = AnswerHead(200, raw([*pairs, (b"X-Other", b"1")]))
    head.get(first)
    assert head.get("content-type") == content_type
    assert ("content-type" in head) is (content_type is not None)
    assert dict(head) == response_headers((name.decode(), value.decode("latin-1").strip()) for name, value in pairs) | {
        "x-other": "1"
    }
    assert len(head) == len(list(head))


@pytest.mark.parametrize(
    ("status", "pairs", "until_close"),
    [
        (200, [], True),
        (204, [], False),
        (304, [], False),
        (200, [(b"Content-Length", b"0")], False),
        (200, [(b"Transfer-Encoding", b"Chunked")], False),
    ],
)
def test_what_ends_a_body(status: int, pairs: list[tuple[bytes, bytes]], until_close: bool) -> None:
    assert AnswerHead(status, raw(pairs)).until_close is until_close


@pytest.mark.parametrize(
    "pairs",
    [
        [(b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")],
        [(b"Transfer-Encoding", b"gzip, chunked")],
        [(b"Transfer-Encoding", b"gzip"), (b"Transfer-Encoding", b"chunked")],
        [(b"Content-Encoding", b"gzip"), (b"Content-Encoding", b"gzip")],
        [(b"Content-Encoding", b"zstd")],
    ],
)
def test_bodies_that_nobody_can_read_are_refused(pairs: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(AnswerRefused):
        AnswerHead(200, raw(pairs))


def test_what_strangers_send_at_length_is_not_kept() -> None:
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(200):
            value = f"{number}{'x' * 50_000}"
            request_head("/v1", "api.test", {"accept-language": value})
            AnswerHead(200, b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\nretry-after: %b\r\n" % value.encode())
        assert tracemalloc.get_traced_memory()[0] - before < 1_000_000
    finally:
        tracemalloc.stop()


def test_no_credential_is_kept_when_its_head_is_gone() -> None:
    """The head of a deployment is kept with it, and goes with it."""
    key = f"Bearer {'k' * 20}"
    held = sys.getrefcount(key)
    assert f"authorization: {key}".encode() in request_head("/", "h", {"authorization": key})
    assert sys.getrefcount(key) == held
