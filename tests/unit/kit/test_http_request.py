"""Which requests are refused by their heads."""

from __future__ import annotations

import pytest

from routeiq.kit.http_request import LONGEST_HOST, MOST_HOSTS, _known_hosts, begins_plainly, is_http, refusal

HOST = (b"host", b"api.example:443")
CHUNKED = (b"transfer-encoding", b"chunked")
GZIP = (b"transfer-encoding", b"gzip")


@pytest.mark.parametrize(
    ("version", "headers", "status"),
    [
        ("1.1", [HOST], 0),
        ("0.9", [HOST], 505),
        ("2.0", [HOST], 505),
        ("1.1", [(b"host", b"[::1]:80")], 0),
        ("1.1", [(b"host", b"")], 0),
        ("1.1", [], 400),
        ("1.0", [], 0),
        ("1.1", [HOST, HOST], 400),
        ("1.0", [HOST, (b"host", b"other")], 400),
        ("1.1", [(b"host", b"a b")], 400),
        ("1.1", [(b"host", b"a/b")], 400),
        ("1.1", [(b"host", b"user@a")], 400),
        ("1.1", [HOST, CHUNKED], 0),
        ("1.1", [HOST, (b"transfer-encoding", b" Chunked ")], 0),
        ("1.1", [HOST, (b"transfer-encoding", b"gzip, chunked")], 501),
        ("1.1", [HOST, GZIP, CHUNKED], 501),
        ("1.1", [HOST, CHUNKED, CHUNKED], 501),
        ("1.1", [HOST, (b"transfer-encoding", b"identity")], 501),
    ],
)
def test_who_it_is_for_and_how_it_is_coded_are_said_once(
    version: str, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    assert refusal(version, headers) == status


@pytest.mark.parametrize(
    ("read", "spoken"),
    [
        (b"GET /a?b=(c) HTTP/1.1\r\n", True),
        (b"\r\nGET /a?b=(c) HTTP/1.1\r\n", True),
        (b"GET  /a?b=(c)  HTTP/1.1\r\n", True),
        (b"GET /a?b=(c) RTSP/1.0\r\n", False),
        (b"GET /a?b=(c) ICE/1.0\r\n", False),
    ],
)
def test_a_request_line_names_http(read: bytes, spoken: bool) -> None:
    assert is_http(read, b"GET", b"/a?b=(c)") is spoken


@pytest.mark.parametrize(
    ("read", "plainly"),
    [
        (b"GET /a HTTP/1.1\r\nhost: x\r\n", True),
        (b"GET /a HTTP/1.0\r\n", False),
        (b"GET /a HTTP/1.1", False),
        (b"GET /ab HTTP/1.1\r\n", False),
        (b"GET  /a HTTP/1.1\r\n", False),
        (b"\r\nGET /a HTTP/1.1\r\n", False),
        (b"GET /a RTSP/1.0\r\nx: GET /a HTTP/1.1\r\n", False),
    ],
)
def test_most_requests_begin_plainly(read: bytes, plainly: bool) -> None:
    assert begins_plainly(read, b"GET", b"/a") is plainly


def test_hosts_that_were_found_good_are_few_and_short() -> None:
    for number in range(2 * MOST_HOSTS):
        assert refusal("1.1", [(b"host", b"h%d" % number)]) == 0
        assert refusal("1.1", [(b"host", b"h %d" % number)]) == 400
    assert refusal("1.1", [(b"host", b"h" * 10_000)]) == 0
    assert len(_known_hosts) <= MOST_HOSTS
    assert not any(b" " in host or len(host) > LONGEST_HOST for host in _known_hosts)
