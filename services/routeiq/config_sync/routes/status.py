"""`/config/sync/status` and its older names."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from routeiq.config_sync.fleet_view import FleetView
from routeiq.config_sync.status import status_shown
from routeiq.kit.principal import principal_of

PATHS = ("/config/sync/status", "/llmrouter/config/sync/status", "/hot-reload/status")


def status_router(fleet_view: FleetView) -> APIRouter:
    router = APIRouter(tags=["config sync"])

    async def status(request: Request) -> dict[str, Any]:
        """What the fleet has, what it is to have, who has not got it, and where that comes from."""
        principal_of(request.scope)
        return status_shown(await fleet_view.view())

    for number, path in enumerate(PATHS):
        router.add_api_route(
            path, status, methods=["GET"], include_in_schema=not number, operation_id=f"status_{number}"
        )
    return router
