"""Who gets a connection, and that none is ever lost or counted twice. No sockets: the transports only remember."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from routeiq.gateway.upstream.http_connection import Connection
from routeiq.gateway.upstream.http_exchange import ConnectionLost
from routeiq.gateway.upstream.http_origin import Origin
from routeiq.gateway.upstream.http_slots import Slots
from routeiq.kit.outbound import Target


class SilentTransport(asyncio.Transport):
    """Closes at once when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = False
        self.written = b""

    def is_closing(self) -> bool:
        return self.closing

    def abort(self) -> None:
        self.closing = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return 0


@pytest.fixture
async def slots() -> Slots:
    return Slots(asyncio.get_running_loop(), limit=1)


def origin(slots: Slots, host: str = "a.test") -> Origin:
    return slots.origin(Target("http", host, 80, "/"))


async def opened(slots: Slots, at: Origin) -> Connection:
    """A connection in the room that there is."""
    assert await slots.room(at) is None
    connection = Connection(asyncio.get_running_loop(), slots, at)
    connection.connection_made(SilentTransport())
    slots.opened(connection)
    return connection


async def waiting(slots: Slots, at: Origin | None) -> asyncio.Future[Connection | None]:
    """Somebody who waits already."""
    one = asyncio.ensure_future(slots.room(at))
    await asyncio.sleep(0)
    assert not one.done()
    return one


async def test_one_origin_is_one_object(slots: Slots) -> None:
    a = origin(slots)
    assert origin(slots) is a
    assert origin(slots, "b.test") is not a


async def test_a_free_connection_that_died_is_not_taken(slots: Slots) -> None:
    at = origin(slots)
    connection = await opened(slots, at)
    slots.give_back(connection)
    connection._transport._transport.closing = True  # type: ignore[union-attr]
    assert slots.take(at) is None
    assert slots.used == 0


async def test_turns_are_taken_in_order(slots: Slots) -> None:
    at = origin(slots)
    connection = await opened(slots, at)
    first, second = await waiting(slots, at), await waiting(slots, at)
    slots.give_back(connection)
    assert await first is connection
    assert not second.done()
    slots.give_back(connection)
    assert await second is connection
    assert slots.used == 1


@pytest.mark.parametrize("host", ["b.test", None])
async def test_the_room_of_a_closed_connection_goes_to_who_needs_another(slots: Slots, host: str | None) -> None:
    connection = await opened(slots, origin(slots))
    one = await waiting(slots, origin(slots, host) if host else None)
    slots.give_back(connection)
    assert await one is None
    assert not connection.usable
    assert slots.used == 1
    slots.forgo()
    assert slots.used == 0


async def test_what_was_given_in_the_moment_of_a_cancel_goes_on(slots: Slots) -> None:
    at = origin(slots)
    connection = await opened(slots, at)
    first, second, third = await waiting(slots, at), await waiting(slots, at), await waiting(slots, None)
    slots.give_back(connection)
    first.cancel()
    await asyncio.wait([first])
    assert await second is connection
    connection.abort()
    third.cancel()
    await asyncio.wait([first, third])
    assert slots.used == 0


async def test_a_cancel_in_the_moment_of_the_close_changes_nothing(slots: Slots) -> None:
    at = origin(slots)
    connection = await opened(slots, at)
    one = await waiting(slots, at)
    closing = asyncio.ensure_future(slots.close())
    await asyncio.sleep(0)
    one.cancel()
    connection.connection_lost(None)
    await asyncio.wait([one, closing])
    assert (slots.used, slots.open_connections) == (0, 0)


async def test_a_closed_client_has_no_room(slots: Slots) -> None:
    await slots.close()
    with pytest.raises(ConnectionLost):
        await slots.room(None)


async def test_a_connection_that_is_gone_before_it_is_used_leaves_its_room(slots: Slots) -> None:
    at = origin(slots)
    assert await slots.room(at) is None
    connection = Connection(asyncio.get_running_loop(), slots, at)
    connection.connection_lost(OSError())
    with pytest.raises(ConnectionLost):
        slots.opened(connection)
    assert slots.used == 0
    exchange = connection.begin(b"", b"", 1.0)
    with pytest.raises(ConnectionLost):
        await exchange.arrival()


ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nstray"


@pytest.mark.parametrize("taken", [False, True], ids=["idle", "taken, but nothing sent"])
async def test_what_an_upstream_says_unasked_closes_its_connection(slots: Slots, taken: bool) -> None:
    """Also if the next request is begun in the same turn of the loop: none of it has left."""
    connection = await opened(slots, origin(slots))
    transport = connection._transport._transport  # type: ignore[union-attr]
    exchange = connection.begin(b"POST ", b"{}", 1.0) if taken else None
    with capture_logs() as logs:
        connection.data_received(ANSWER)
        connection.data_received(ANSWER)
    await asyncio.sleep(0)
    assert logs == [{"event": "upstream.spoke_unasked", "log_level": "warning", "host": "a.test", "port": 80}]
    assert (connection.usable, transport.written, slots.used) == (False, b"", 0)  # type: ignore[attr-defined]
    if exchange is not None:
        assert (exchange.head, exchange.answered, type(exchange.error)) == (None, False, ConnectionLost)


@pytest.mark.parametrize("size", [2, 100_000, 200_000])
async def test_an_answer_that_does_not_wait_for_the_whole_request_is_one(slots: Slots, size: int) -> None:
    connection = await opened(slots, origin(slots))
    exchange = connection.begin(b"POST ", bytes(size), 1.0)
    if size == 2:
        await asyncio.sleep(0)
    connection.data_received(ANSWER)
    assert exchange.complete
