"""However requests are cut into reads, they are the same requests. In process: the cuts are exact."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from routeiq.kit.asgi import Answer, Receive, Scope, Send, read_body
from routeiq.kit.exchange import exchange_of
from routeiq.kit.http_protocol import HTTPProtocol
from tests.support.http_server import chunked, post

BODIES = st.binary(max_size=200)
REQUESTS = st.one_of(
    st.builds(post, BODIES),
    st.builds(lambda parts: chunked(*filter(None, parts), trailers=b"x-t: 1\r\n"), st.lists(BODIES, max_size=3)),
    st.builds(lambda body: post(body, b"connection: upgrade\r\nupgrade: x"), BODIES),
    st.builds(lambda: b"GET /a?b HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"),
)


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.closing = False

    def write(self, data: Any) -> None:
        assert not self.closing
        self.sent += data

    def close(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        """Whoever feeds it here does not care."""

    def resume_reading(self) -> None:
        """The same."""


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await read_body(scope, receive, 1 << 20)
    exchange = exchange_of(scope) if scope["method"] == "POST" else None
    await Answer(send, [(b"x-target", scope["path"].encode())], exchange).whole(200, repr(body).encode())


async def answers(reads: list[bytes]) -> bytes:
    config = uvicorn.Config(echo, ws="none", log_config=None)
    config.load()
    wire, connection = Wire(), HTTPProtocol(config, state := ServerState(), {}, asyncio.get_running_loop())
    connection.connection_made(wire)
    for read in reads:
        connection.data_received(read)
        await asyncio.sleep(0)
    while state.tasks or connection.waiting:
        await asyncio.sleep(0)
    await asyncio.sleep(0)  # what was written in the last turn goes out at its end
    assert not wire.closing
    connection.connection_lost(None)
    assert not state.connections
    return wire.sent


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges) if start < end]


@settings(max_examples=200, deadline=None)
@given(st.lists(REQUESTS, min_size=1, max_size=5), st.lists(st.integers(0, 10_000), max_size=12))
def test_cuts_change_nothing(requests: list[bytes], places: list[int]) -> None:
    alone = b"".join(asyncio.run(answers([one])) for one in requests)
    assert alone.count(b"HTTP/1.1 200 OK") == len(requests)
    assert asyncio.run(answers(cut(b"".join(requests), places))) == alone


def test_every_byte_in_a_read_of_its_own() -> None:
    data = post(b"abc") + chunked(b"de", b"f", trailers=b"a: b\r\n") + post(b"")
    assert asyncio.run(answers([data[at : at + 1] for at in range(len(data))])) == asyncio.run(answers([data]))
