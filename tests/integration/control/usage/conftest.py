"""Control with a ledger, on each kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from fastapi import APIRouter

from routeiq.control.budgets.calendar import Calendar
from routeiq.control.keys.routes import keys_router
from routeiq.control.office import Office
from routeiq.control.teams.routes import teams_router
from routeiq.control.terms import Terms
from routeiq.control.usage.routes import usage_routers
from routeiq.control.users.routes import users_router
from tests.support.control_database import open_patiently
from tests.support.people import Control, House


def routers(office: Office) -> list[APIRouter]:
    terms = Terms(Calendar())
    return [
        keys_router(office, terms),
        teams_router(office, terms),
        users_router(office, terms),
        *usage_routers(office),
    ]


@pytest.fixture(scope="session")
def house() -> House:
    return House(routers)


@pytest.fixture
async def control(control_database_url: str, house: House) -> AsyncIterator[Control]:
    database = open_patiently(control_database_url)
    yield Control(database, house)
    await database.close()
