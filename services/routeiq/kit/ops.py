"""The second port of every service: liveness, readiness and metrics, away from user traffic and auth."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from routeiq.kit.health import Readiness


def add_ops_routes(app: FastAPI, readiness: Readiness, registry: CollectorRegistry) -> None:
    """`/_health/live`, `/_health/ready`, `/metrics`."""

    def live() -> dict[str, str]:
        return {"status": "alive", "service": readiness.service}

    def ready() -> JSONResponse:
        return JSONResponse(readiness.report(), status_code=200 if readiness.ready else 503)

    async def metrics() -> Response:  # in the loop that counts
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    routes: list[tuple[str, Callable[[], object], str]] = [
        ("/_health/live", live, "Is the process alive?"),
        ("/_health/ready", ready, "May it have traffic?"),
        ("/metrics", metrics, "Prometheus metrics"),
    ]
    for path, handler, summary in routes:
        app.add_api_route(path, handler, methods=["GET"], tags=["health"], summary=summary, response_model=None)


def ops_app(readiness: Readiness, registry: CollectorRegistry) -> FastAPI:
    """An app of nothing else."""
    app = FastAPI(
        title=f"RouteIQ {readiness.service}", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    add_ops_routes(app, readiness, registry)
    return app
