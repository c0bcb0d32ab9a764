"""Requests that nobody waits for: their client without a server, their upstream without a socket."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from ipaddress import ip_address

from routeiq.gateway.upstream.http_connection import Connection
from routeiq.gateway.upstream.http_pool import PooledClient
from routeiq.gateway.upstream.requests import HTTPRequest
from routeiq.kit.exchange import NONE_REPEATED, RawHeaders, Repeated, Work
from routeiq.kit.outbound import Origin as Word
from routeiq.kit.outbound import OutboundGuard, OutboundPolicy, Route
from routeiq.kit.outbound.guard import Addresses
from routeiq.kit.turn import Turn, turn_of
from tests.support.waiting import PATIENCE_S


def headers_in(lines: bytes) -> list[tuple[bytes, bytes]]:
    """As they were before they were written: each line behind its line break."""
    begin, *every = lines.split(b"\r\n")
    assert not begin
    found = [line.partition(b": ") for line in every]
    return [(name, value) for name, _, value in found]


class TwinExchange:
    """The server's side of one request, as `kit.exchange` has it.

    `fails`: the next good answer cannot be written; `breaks`: nor can the next part. `slow`: the client takes nothing
    more until `drained`."""

    def __init__(self, raw: bytes = b"") -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body_sent = b""
        self.answers = 0
        self.left = False
        self.fails = False
        self.breaks = self.slow = False
        self.parts: list[bytes] = []
        self.task: asyncio.Task[None] | None = None
        self._raw = raw
        self._open = False
        self._on_left: Callable[[], None] | None = None
        self._on_drained: Callable[[], None] | None = None
        self._takes = asyncio.Event()

    @property
    def turn(self) -> Turn:
        return turn_of(asyncio.get_running_loop())

    def body(self) -> bytes | None:
        return self._raw

    def whole(
        self,
        status: int,
        headers: RawHeaders,
        body: bytes,
        repeated: Repeated = NONE_REPEATED,
        also: Repeated = NONE_REPEATED,
        lines: bytes = b"",
    ) -> None:
        self.start(status, headers, repeated, also, lines)
        self.end(body)

    def start(
        self,
        status: int,
        headers: RawHeaders,
        repeated: Repeated = NONE_REPEATED,
        also: Repeated = NONE_REPEATED,
        lines: bytes = b"",
    ) -> None:
        if self.left:
            return
        if self.fails and status < 400:
            self.fails = False
            raise RuntimeError("a header that cannot be sent")
        assert not self.answers
        self.status, self.answers, self._open = status, 1, True
        said = (*headers, *repeated, *also, *headers_in(lines))
        self.headers = {name.decode(): value.decode("latin-1") for name, value in said}

    def part(self, data: bytes) -> bool:
        if self.breaks:
            self.breaks = False
            raise RuntimeError("a part that cannot be sent")
        if not self.left:
            assert self._open
            self.body_sent += data
            self.parts.append(data)
        return self.left or not self.slow

    async def drain(self) -> None:
        while self.slow and not self.left:
            self._takes.clear()
            await self._takes.wait()

    def on_drained(self, callback: Callable[[], None]) -> None:
        if self.slow:
            self._on_drained = callback
        else:
            callback()

    def drained(self) -> None:
        """The client has taken what there was."""
        self.slow = False
        self._takes.set()
        callback, self._on_drained = self._on_drained, None
        if callback is not None:
            callback()

    def end(self, last: bytes = b"") -> None:
        self.part(last)
        self._open = False
        if not self.left:
            self._on_left = None

    def run(self, work: Work) -> None:
        assert self.task is None, "a request has one task"
        self.task = asyncio.get_running_loop().create_task(work)

    def on_left(self, callback: Callable[[], None] | None) -> None:
        if callback is not None and self.left:
            callback()
        else:
            self._on_left = callback

    def leave(self) -> None:
        """The client goes."""
        if self.left or (self.answers and not self._open):
            return
        self.left, self._on_drained = True, None
        self._takes.set()
        callback, self._on_left = self._on_left, None
        if callback is not None:
            callback()

    async def ended(self) -> None:
        """Return once nothing more can come."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.left and (self._open or not self.answers):
                await asyncio.sleep(0)
            if self.task is not None:
                await asyncio.wait([self.task])
            await turns()  # what is over is settled


class Peer(asyncio.Transport):
    """The upstream's end of one connection: what it got, and what it says."""

    def __init__(self, pool: TwinPool, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.connection: Connection
        self.got: list[bytes] = []
        self.paused = False
        self.closed = False
        self._pool, self._loop = pool, loop

    def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            if not self.closed:
                self.connection.data_received(piece)

    def hang_up(self, error: Exception | None = None) -> None:
        if not self.closed:
            self.closed = True
            self.connection.connection_lost(error)

    def half_close(self) -> None:
        self.connection.eof_received()

    # The gateway's end.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.got.append(bytes(data))
        self._pool.arrived(self)

    def abort(self) -> None:
        if not self.closed:
            self.closed = True
            self._loop.call_soon(self.connection.connection_lost, None)

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


Line = Callable[[Peer], None]
"""What an upstream does about a request."""


class TwinPool:
    """The real client, whose connections lead to the test. Requests are met as `script` has it, then by nobody."""

    def __init__(self) -> None:
        guard = OutboundGuard(OutboundPolicy(), Word.DOCUMENT, lookup=_anywhere)
        self._client = client = PooledClient(guard=guard, dial=self._dial)
        self.send, self.begin, self.response, self.close = client.send, client.begin, client.response, client.close
        self.peers: list[Peer] = []
        self.script: deque[Line] = deque()
        self.requests = 0

    @property
    def open_connections(self) -> int:
        return self._client.open_connections

    async def _dial(self, _: Route, make: Callable[[], Connection], *__: object) -> Connection:
        peer = Peer(self, asyncio.get_running_loop())
        peer.connection = make()
        peer.connection.connection_made(peer)
        self.peers.append(peer)
        return peer.connection

    def arrived(self, peer: Peer) -> None:
        self.requests += 1
        if self.script:
            asyncio.get_running_loop().call_soon(self.script.popleft(), peer)

    async def warm(self, url: str, connections: int = 1) -> None:
        """Have so many connections at hand."""
        self.script.extend([says(200, b"{}")] * connections)
        request = HTTPRequest(url, {}, b"{}", "warm", 5.0)
        for response in await asyncio.gather(*(self.send(request) for _ in range(connections))):
            await response.read()
        self.requests = 0


async def _anywhere(_: str) -> Addresses:
    return (ip_address("203.0.113.1"),)


def says(status: int, body: bytes, *lines: bytes) -> Line:
    """A whole answer."""
    data = answer_of(status, body, *lines)
    return lambda peer: peer.say(data)


def answer_of(status: int, body: bytes, *lines: bytes) -> bytes:
    head = [b"HTTP/1.1 %d X" % status, b"content-type: application/json", b"content-length: %d" % len(body), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def hangs_up(peer: Peer) -> None:
    peer.hang_up()


def silent(_: Peer) -> None:
    """It thinks."""


async def task_of(client: TwinExchange) -> None:
    """Return once it has got one, and that has ended, with or without an answer: without one, the server says 500."""
    async with asyncio.timeout(PATIENCE_S):
        while client.task is None:
            await asyncio.sleep(0)
        await asyncio.wait([client.task])


async def turns(count: int = 5) -> None:
    """Let the loop go round."""
    for _ in range(count):
        await asyncio.sleep(0)
