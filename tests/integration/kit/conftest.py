"""A database with two tables, on each kind."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from routeiq.kit.db import Database
from tests.support import notes


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url, schema="notes")
    await notes.create(made)
    yield made
    await made.close()
