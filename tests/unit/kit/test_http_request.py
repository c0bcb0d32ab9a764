"""Which requests are refused by their heads."""

from __future__ import annotations

import pytest

from routeiq.kit.http_request import refusal

HOST = (b"host", b"api.example:443")
CHUNKED = (b"transfer-encoding", b"chunked")
GZIP = (b"transfer-encoding", b"gzip")


@pytest.mark.parametrize(
    ("version", "headers", "status"),
    [
        ("1.1", [HOST], 0),
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
