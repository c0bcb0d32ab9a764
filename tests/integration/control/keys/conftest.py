"""A migrated database, and a keyring on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from routeiq.control.migrations import control_migrations
from routeiq.control.store.database import open_database
from tests.support.keyring import Keyring


@pytest.fixture
async def keyring(database_url: str) -> AsyncIterator[Keyring]:
    control_migrations().run(database_url)
    database = open_database(database_url)
    yield Keyring(database)
    await database.close()
