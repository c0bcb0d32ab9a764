"""What control's HTTP API offers, a line for each subject."""

from __future__ import annotations

from fastapi import APIRouter

from routeiq.control.audit.routes import audit_router
from routeiq.control.budgets.calendar import Calendar
from routeiq.control.budgets.routes import budgets_router
from routeiq.control.keys.routes import keys_router
from routeiq.control.office import Office
from routeiq.control.teams.routes import teams_router
from routeiq.control.users.routes import users_router
from routeiq.kit.crypto import Sealer


def routers(office: Office, sealer: Sealer) -> list[APIRouter]:
    """Args: sealer: for providers' keys."""
    resets = Calendar()
    return [
        audit_router(office),
        budgets_router(office, resets),
        keys_router(office, resets),
        teams_router(office, resets),
        users_router(office, resets),
    ]
