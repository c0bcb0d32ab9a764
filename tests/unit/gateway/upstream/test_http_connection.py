"""The fields of an answer, which are read past the parser: they are those that the parser sees, whatever comes."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import pairwise

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from hypothesis import example, given, settings
from hypothesis import strategies as st

from routeiq.gateway.upstream.http import response_headers
from routeiq.gateway.upstream.http_connection import Connection
from routeiq.gateway.upstream.http_head import AnswerHead

PIECES = (
    b"\r\n", b"\r", b"\n", b"\r\n\r\n", b" ", b"\t", b":", b"\0", b"\xff", b"a", b"X-A: b\r\n", b"X-A:\r\n", b"HTTP/",
    b"A: HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.0 404 \r\n",
    b"RTSP/1.0 200 OK\r\n", b"Content-Length: 2\r\n", b"content-length:2\r\n", b"Transfer-Encoding: chunked\r\n",
    b"TRANSFER-ENCODING:\tgzip \r\n", b"Content-Type: a/b \r\n", b"content-type: c\r\n", b"Connection: close, x-a\r\n",
    b"connection: keep-alive\r\n", b"Content-Encoding: gzip\r\n", b"retry-after : 1\r\n", b"Retry-After: 1\r\n", b"{}",
)  # fmt: skip
GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n{}"


class Transport(asyncio.Transport):
    """Takes everything and says nothing."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def abort(self) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0


class Keeper:
    """Owns nothing."""

    def give_back(self, connection: Connection) -> None:
        pass

    def ended(self, connection: Connection) -> None:
        pass

    def lost(self, connection: Connection) -> None:
        pass

    def spoke_unasked(self, connection: Connection) -> None:
        pass


class Recorder:
    """The fields of the first final head, as the parser calls back for them."""

    def __init__(self) -> None:
        self.parser = HttpResponseParser(self)
        self.fields: list[tuple[bytes, bytes]] = []
        self.final: list[tuple[str, str]] | None = None

    def on_message_begin(self) -> None:
        self.fields = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        if self.final is None and self.parser.get_status_code() >= 200:
            self.final = [(name.decode("latin-1"), value.decode("latin-1").strip(" \t")) for name, value in self.fields]


def recorded(data: bytes) -> list[tuple[str, str]] | None:
    recorder = Recorder()
    with contextlib.suppress(HttpParserError, HttpParserUpgrade):
        recorder.parser.feed_data(data)
    return recorder.final


def taken(segments: list[bytes], loop: asyncio.AbstractEventLoop) -> AnswerHead | None:
    connection = Connection(loop, Keeper(), None)
    connection.connection_made(Transport())
    exchange = connection.begin(b"", b"", 1.0)
    for segment in segments:
        if not exchange.complete and exchange.error is None:
            connection.data_received(segment)
    return exchange.head


def mutated(pieces: list[tuple[int, bytes]]) -> bytes:
    data = GOOD
    for at, piece in pieces:
        place = at % (len(data) + 1)
        data = data[:place] + piece + data[place:]
    return data


@settings(max_examples=500, deadline=None)
@given(
    pieces=st.lists(st.tuples(st.integers(0, 200), st.sampled_from(PIECES)), max_size=5),
    cuts=st.lists(st.integers(1, 100), max_size=4),
)
@example(pieces=[(0, b"\r\n\r\n")], cuts=[3])
@example(pieces=[(0, b"RTSP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nA: ")], cuts=[])
@example(pieces=[(0, b"HTTP/1.1 100 Continue\r\n\r\n"), (25, b"\r\n")], cuts=[30])
def test_the_fields_are_those_that_the_parser_sees(pieces: list[tuple[int, bytes]], cuts: list[int]) -> None:
    data = mutated(pieces)
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    loop = asyncio.new_event_loop()
    head = taken([data[start:end] for start, end in pairwise(places)], loop)
    loop.close()
    if head is None:  # refused, or not whole
        return
    seen = recorded(data)
    assert seen is not None
    names = {name.lower() for name, _ in seen}
    assert head.until_close is names.isdisjoint({"content-length", "transfer-encoding"})
    assert dict(head) == response_headers(seen)
    assert {name: head[name] for name in head} == dict(head)
