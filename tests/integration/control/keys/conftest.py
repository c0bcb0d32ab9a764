"""A keyring on each kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.control_database import open_patiently
from tests.support.keyring import Keyring


@pytest.fixture
async def keyring(control_database_url: str) -> AsyncIterator[Keyring]:
    database = open_patiently(control_database_url)
    yield Keyring(database)
    await database.close()
