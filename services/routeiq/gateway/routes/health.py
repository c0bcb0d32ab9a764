"""Health on the user port, in LiteLLM's words. Anonymous callers learn the status and the version, no more."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from routeiq.gateway.pipeline.authenticate import Authenticator
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.state import StateHolder
from routeiq.kit.asgi import first_values
from routeiq.kit.errors import AuthenticationError
from routeiq.kit.health import Readiness


def health_router(
    holder: StateHolder, figures: Figures, readiness: Readiness, authenticator: Authenticator, version: str
) -> APIRouter:
    """`/health`, `/health/liveliness`, `/health/readiness`. Nothing here calls a provider."""
    router = APIRouter(tags=["health"])

    def health(request: Request) -> dict[str, object]:
        body: dict[str, object] = {
            "status": "healthy" if readiness.status in ("ready", "degraded") else readiness.status,
            "version": version,
        }
        return body | _endpoints(holder, figures) if _known(authenticator, request) else body

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
        authenticator.principal(first_values(request.scope), request.scope.get("query_string", b""))
    except AuthenticationError:
        return False
    return True


def _endpoints(holder: StateHolder, figures: Figures) -> dict[str, object]:
    """Every deployment counts as healthy unless it is cooled, or still to be probed; addresses are not shown."""
    healthy: list[dict[str, object]] = []
    unhealthy: list[dict[str, object]] = []
    for group in holder.current.groups.values():
        for deployment in group.deployments:
            live, endpoint = figures.of(deployment.id), {"model": deployment.group, "model_id": deployment.id}
            if live.rest_until == 0.0:
                healthy.append({**endpoint})
            else:
                seconds = max(0.0, live.rest_until - figures.clock())
                unhealthy.append({**endpoint, "reason": live.reason, "cooldown_s": round(seconds, 1)})
    return {
        "healthy_endpoints": healthy,
        "unhealthy_endpoints": unhealthy,
        "healthy_count": len(healthy),
        "unhealthy_count": len(unhealthy),
    }
