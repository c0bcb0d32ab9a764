"""The paths of a ledger."""

from __future__ import annotations

import pytest
from fastapi import APIRouter

from routeiq.control.budgets.calendar import Calendar
from routeiq.control.keys.routes import keys_router
from routeiq.control.office import Office
from routeiq.control.teams.routes import teams_router
from routeiq.control.terms import Terms
from routeiq.control.usage.routes import usage_routers
from routeiq.control.users.routes import users_router
from tests.support.people import House


def routers(office: Office) -> list[APIRouter]:
    terms = Terms(Calendar())
    return [
        keys_router(office, lambda: terms),
        teams_router(office, lambda: terms),
        users_router(office, lambda: terms),
        *usage_routers(office),
    ]


@pytest.fixture(scope="session")
def house() -> House:
    return House(routers)
