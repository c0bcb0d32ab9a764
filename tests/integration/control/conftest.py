"""Control on each kind of database. Each folder's `house` says with which paths."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.control_database import open_patiently
from tests.support.people import Control, House


@pytest.fixture
async def control(control_database_url: str, house: House) -> AsyncIterator[Control]:
    database = open_patiently(control_database_url)
    yield Control(database, house)
    await database.close()
