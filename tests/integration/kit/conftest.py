"""A database with two tables, on each kind; a bus to the NATS of all tests, and a NATS that a test may stop."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from routeiq.kit.bus import Bus
from routeiq.kit.db import Database
from tests.support import notes
from tests.support.buses import connected
from tests.support.servers.nats import NATS


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url, schema="notes")
    await notes.create(made)
    yield made
    await made.close()


@pytest.fixture
async def bus(nats_server: NATS) -> AsyncIterator[Bus]:
    async with connected(nats_server) as made:
        yield made
