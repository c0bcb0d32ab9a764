"""The writing side as control runs it: from a message on NATS to the sums, by whichever replica is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from routeiq.control.budgets.calendar import Calendar
from routeiq.control.spending.counting import Counting
from routeiq.control.usage.writing import writing
from routeiq.kit.bus import Bus
from routeiq.kit.clock import now
from tests.support.control_database import open_patiently
from tests.support.servers.nats import NATS
from tests.support.usage_batches import JOURNAL, Books, record, sent
from tests.support.waiting import until


@asynccontextmanager
async def replica(books: Books, bus: Bus) -> AsyncIterator[None]:
    jobs = writing(books.database, bus, Counting(Calendar()), now, 0, CollectorRegistry())
    tasks = [asyncio.create_task(job()) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def publish(bus: Bus, first: int, last: int) -> None:
    payload = sent(record(sequence) for sequence in range(first, last + 1))
    assert bus.client is not None
    await bus.client.jetstream().publish(f"routeiq.usage.{JOURNAL}", payload)


async def test_what_gateways_publish_is_in_the_ledger_once(nats_server: NATS, control_postgres_url: str) -> None:
    books, bus = Books(open_patiently(control_postgres_url)), Bus(nats_server.url)

    async def read_up_to(sequence: int) -> bool:
        return await books.watermark() == sequence

    async def has_stream() -> bool:
        return bus.client is not None and bool(await bus.client.jsm().streams_info())

    bus.start()
    async with replica(books, bus):
        await until(has_stream)
        await publish(bus, 1, 10)
        await until(lambda: read_up_to(10))
        await publish(bus, 5, 15)
        await until(lambda: read_up_to(15))
    await publish(bus, 16, 20)
    async with replica(books, bus), replica(books, bus):
        await until(lambda: read_up_to(20))
    assert len(await books.rows()) == 20
    await books.check()
    await bus.close()
    await books.database.close()
