"""What control's HTTP API offers, a line for each subject."""

from __future__ import annotations

from fastapi import APIRouter

from routeiq.control.audit.routes import audit_router
from routeiq.control.budgets.calendar import Calendar
from routeiq.control.budgets.routes import budgets_router
from routeiq.control.keys.routes import keys_router
from routeiq.control.models.catalogue import Catalogue
from routeiq.control.models.routes import models_router
from routeiq.control.office import Office
from routeiq.control.overrides.routes import overrides_router
from routeiq.control.providers.change import Rules
from routeiq.control.providers.routes import health_router, providers_router
from routeiq.control.teams.routes import teams_router
from routeiq.control.users.routes import users_router
from routeiq.kit.db import Database


def routers(office: Office, database: Database, rules: Rules) -> list[APIRouter]:
    """Args: rules: what of the document nobody may change, and how providers are checked and sealed."""
    resets = Calendar()
    return [
        audit_router(office),
        budgets_router(office, resets),
        keys_router(office, resets),
        models_router(office, Catalogue(rules.declared, rules.sealer, rules.policy)),
        providers_router(office, rules),
        health_router(office, database, rules),
        overrides_router(office, rules.declared),
        teams_router(office, resets),
        users_router(office, resets),
    ]
