"""Control with users, teams and budgets, on each kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from routeiq.control.budgets.calendar import Calendar
from routeiq.control.budgets.routes import budgets_router
from routeiq.control.migrations import control_migrations
from routeiq.control.store.database import open_database
from tests.support.people import Control, Moments, Told, office_of


@pytest.fixture
async def control(database_url: str) -> AsyncIterator[Control]:
    control_migrations().run(database_url)
    database, told, moments = open_database(database_url), Told(), Moments()
    office, calendar = office_of(database, told, moments), Calendar()
    yield Control(database, told, moments, [budgets_router(office, calendar)])
    await database.close()
