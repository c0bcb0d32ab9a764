"""The channel to control, where connecting takes its time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from routeiq.clients.control import ControlClient
from routeiq.kit.signing import AssertionSigner
from tests.support.fake_control import FakeControl
from tests.support.waiting import PATIENCE_S


@asynccontextmanager
async def _slowly_to(address: str, delay_s: float) -> AsyncIterator[str]:
    """An address that leads there, and says nothing on a new connection for that long."""
    host, _, port = address.rpartition(":")

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(delay_s)
        beyond, onward = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_copy(reader, onward), _copy(beyond, writer))

    async with await asyncio.start_server(lead, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65_536):
        target.write(data)
    target.close()


async def test_a_connection_that_takes_longer_than_the_pause_between_attempts_is_made() -> None:
    """Where the machine or the network is busy, each attempt would else end too early, for ever."""
    async with FakeControl() as control, _slowly_to(control.address, 0.7) as address:
        client = ControlClient(address, AssertionSigner(control.key, "gateway"))
        async with asyncio.timeout(PATIENCE_S):
            while not await client.serves():
                await asyncio.sleep(0.1)
        await client.close()
