"""Control's database with holders of budgets, and a clock."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.control_database import open_patiently
from tests.support.holders import Holders


@pytest.fixture
async def holders(control_database_url: str) -> AsyncIterator[Holders]:
    found = Holders(open_patiently(control_database_url))
    yield found
    await found.database.close()
