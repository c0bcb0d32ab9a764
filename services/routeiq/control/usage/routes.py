"""All that HTTP offers of the ledger."""

from __future__ import annotations

from fastapi import APIRouter

from routeiq.control.office import Office
from routeiq.control.usage.activity_routes import activity_router
from routeiq.control.usage.global_routes import global_router
from routeiq.control.usage.log_routes import log_router
from routeiq.control.usage.report_routes import report_router
from routeiq.control.usage.service_routes import service_usage_router
from routeiq.control.usage.spend_routes import spend_router


def usage_routers(office: Office) -> list[APIRouter]:
    return [
        activity_router(office),
        global_router(office),
        log_router(office),
        report_router(office),
        service_usage_router(office),
        spend_router(office),
    ]
