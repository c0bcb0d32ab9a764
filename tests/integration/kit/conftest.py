"""A database with two tables, on each kind; a bus to the NATS of all tests, and a NATS that a test may stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from routeiq.kit import bus_sender, bus_store
from routeiq.kit.bus import Bus
from routeiq.kit.db import Database, Limits
from tests.support import notes
from tests.support.buses import connected
from tests.support.servers.nats import NATS
from tests.support.waiting import LONGER_S, PATIENCE_S

PATIENT = Limits(PATIENCE_S, PATIENCE_S, PATIENCE_S, PATIENCE_S, LONGER_S)


@pytest.fixture(autouse=True)
def _patient_with_nats(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine's server may need longer than ours may in earnest."""
    monkeypatch.setattr(bus_store, "CALL_S", LONGER_S)
    monkeypatch.setattr(bus_sender, "ACK_S", LONGER_S)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url, schema="notes", limits=PATIENT)
    await notes.create(made)
    yield made
    await made.close()


@pytest.fixture
async def bus(nats_server: NATS) -> AsyncIterator[Bus]:
    async with connected(nats_server) as made:
        yield made


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The client between services is tested on the loop of production as well."""
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.name == "test_internal_http.py":
        factories["uvloop"] = uvloop.new_event_loop
    return factories
