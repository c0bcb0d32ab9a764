"""The paths of users, teams and budgets."""

from __future__ import annotations

import pytest
from fastapi import APIRouter

from routeiq.control.budgets.calendar import Calendar
from routeiq.control.budgets.routes import budgets_router
from routeiq.control.keys.routes import keys_router
from routeiq.control.office import Office
from routeiq.control.teams.routes import teams_router
from routeiq.control.terms import Terms
from routeiq.control.users.routes import users_router
from tests.support.members import joining
from tests.support.people import Control, House


def routers(office: Office) -> list[APIRouter]:
    terms = Terms(Calendar(), joinable=("open",))
    return [
        budgets_router(office, terms.resets),
        keys_router(office, lambda: terms),
        teams_router(office, lambda: terms),
        users_router(office, lambda: terms),
    ]


@pytest.fixture(scope="session")
def house() -> House:
    return House(routers)


@pytest.fixture
async def team(control: Control) -> str:
    """With one admin, `lead`, and one member, `u1`."""
    members = [joining("lead", "admin"), joining("u1")]
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": members})
    await control.post("/user/new", {"user_id": "u2", "user_email": "u2@example.com", "auto_create_key": False})
    return "t1"
