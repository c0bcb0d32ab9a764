"""Health on the user port, in LiteLLM's words. Anonymous callers learn the status and the version, no more."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from routeiq.gateway.pipeline.authenticate import Authenticator
from routeiq.gateway.state import StateHolder
from routeiq.kit.errors import AuthenticationError
from routeiq.kit.health import Readiness


def health_router(holder: StateHolder, readiness: Readiness, authenticator: Authenticator, version: str) -> APIRouter:
    """`/health`, `/health/liveliness`, `/health/readiness`. Nothing here calls a provider."""
    router = APIRouter(tags=["health"])

    def health(request: Request) -> dict[str, object]:
        body: dict[str, object] = {
            "status": "healthy" if readiness.status in ("ready", "degraded") else readiness.status,
            "version": version,
        }
        return body | _endpoints(holder) if _known(authenticator, request) else body

    def liveliness() -> JSONResponse:
        return JSONResponse("I'm alive!", status_code=503 if readiness.draining else 200)

    def ready() -> JSONResponse:
        if readiness.draining:
            return JSONResponse({"status": "shutting_down"}, status_code=503)
        status = "healthy" if readiness.ready else "starting"
        return JSONResponse({"status": status, "db": "Not connected"}, status_code=200 if readiness.ready else 503)

    routes: list[tuple[str, Callable[..., object]]] = [
        ("/health", health),
        ("/health/liveliness", liveliness),
        ("/health/liveness", liveliness),
        ("/health/readiness", ready),
    ]
    for path, handler in routes:
        router.add_api_route(path, handler, methods=["GET"], response_model=None)
    return router


def _known(authenticator: Authenticator, request: Request) -> bool:
    try:
        authenticator.principal(request.scope)
    except AuthenticationError:
        return False
    return True


def _endpoints(holder: StateHolder) -> dict[str, object]:
    """Every deployment counts as healthy until something is known against it; addresses are not shown."""
    endpoints = [
        {"model": d.group, "model_id": d.id} for group in holder.current.groups.values() for d in group.deployments
    ]
    return {
        "healthy_endpoints": endpoints,
        "unhealthy_endpoints": [],
        "healthy_count": len(endpoints),
        "unhealthy_count": 0,
    }
