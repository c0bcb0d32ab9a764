"""Control with models, providers and overrides, on each kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.catalogue import World, world


@pytest.fixture
async def here(control_database_url: str) -> AsyncIterator[World]:
    async with world(control_database_url) as found:
        yield found
