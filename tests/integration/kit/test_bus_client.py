"""In which order a real NATS server is told: a door before it writes down what passes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from nats.aio.msg import Msg

from routeiq.kit.bus_client import BusClient
from tests.support.servers.nats import NATS


@asynccontextmanager
async def overheard(server: NATS) -> AsyncIterator[tuple[BusClient, list[bytes]]]:
    """A connected client, and the words that the server was told so far."""
    said: list[bytes] = []
    passing: list[asyncio.Task[None]] = []

    async def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, to_server = await asyncio.open_connection("127.0.0.1", server.port)
        passing.append(asyncio.create_task(_pour(reader, to_server, said.extend)))
        passing.append(asyncio.create_task(_pour(answers, writer)))

    client = BusClient()
    async with await asyncio.start_server(come, "127.0.0.1", 0) as door:
        await client.connect(f"nats://{server.token}@127.0.0.1:{door.sockets[0].getsockname()[1]}")
        try:
            yield client, said
        finally:
            await client.close()
            await asyncio.gather(*passing)


async def _pour(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, tell: Callable[[list[bytes]], None] | None = None
) -> None:
    """Until the end, which is passed on too."""
    while data := await source.read(65536):
        if tell is not None:
            tell(data.split())
        sink.write(data)
    sink.close()


async def ignore(_: Msg) -> None:
    return


def last(said: list[bytes], word: bytes) -> int:
    return len(said) - 1 - said[::-1].index(word)


async def test_a_subscription_is_known_when_it_was_flushed(nats_server: NATS) -> None:
    async with overheard(nats_server) as (client, said):
        await client.subscribe("test.flushed", cb=ignore)
        await client.flush()
        assert last(said, b"PING") > said.index(b"SUB")


async def test_no_message_is_on_its_way_to_who_has_left(nats_server: NATS) -> None:
    async with overheard(nats_server) as (client, said):
        subscription = await client.subscribe("test.left", queue="all", cb=ignore)
        await subscription.drain()
        assert last(said, b"PING") > said.index(b"UNSUB")
