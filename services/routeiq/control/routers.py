"""What control's HTTP API offers, a line for each subject."""

from __future__ import annotations

from fastapi import APIRouter

from routeiq.control.audit.routes import audit_router
from routeiq.control.budgets.routes import budgets_router
from routeiq.control.keys.routes import keys_router
from routeiq.control.models.catalogue import Catalogue
from routeiq.control.models.routes import models_router
from routeiq.control.office import Office
from routeiq.control.overrides.routes import overrides_router
from routeiq.control.providers.change import Rules
from routeiq.control.providers.routes import health_router, providers_router
from routeiq.control.said import calendar_of, terms_of
from routeiq.control.teams.routes import teams_router
from routeiq.control.terms import Terms
from routeiq.control.usage.routes import usage_routers
from routeiq.control.users.routes import users_router
from routeiq.kit.db import Database


def routers(office: Office, database: Database, rules: Rules) -> list[APIRouter]:
    """Args: rules: what of the document nobody may change, and how providers are checked and sealed. When budgets begin
    anew stays as it is while control runs: replicas that count the same money must agree on it."""
    declared = rules.declared
    resets = calendar_of(declared.start.loaded.document)

    def said() -> Terms:
        return terms_of(declared.start.loaded.document, resets)

    return [
        audit_router(office),
        budgets_router(office, resets),
        health_router(office, database, rules),
        keys_router(office, said),
        models_router(office, Catalogue(declared, rules.sealer, rules.policy)),
        overrides_router(office, declared),
        providers_router(office, rules),
        teams_router(office, said),
        users_router(office, said),
        *usage_routers(office),
    ]
