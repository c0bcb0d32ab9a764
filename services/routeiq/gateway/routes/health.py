"""Health on the user port, in LiteLLM's words. Anonymous callers learn the status and the version, no more."""

from __future__ import annotations

from routeiq.gateway.pipeline.authenticate import Authenticator
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.state import StateHolder
from routeiq.kit.asgi import Scope, first_values
from routeiq.kit.errors import AuthenticationError
from routeiq.kit.health import Readiness
from routeiq.kit.ops import Page, Pages, json_page
from routeiq.kit.principal import Role

_SEE_ALL = frozenset({Role.ADMIN, Role.VIEWER})


def health_pages(
    holder: StateHolder, figures: Figures, readiness: Readiness, authenticator: Authenticator, version: str
) -> Pages:
    """`/health`, `/health/liveliness`, `/health/readiness`. Nothing here calls a provider."""

    def health(scope: Scope) -> Page:
        """The gateway and, for who has a key, each deployment"""
        body: dict[str, object] = {
            "status": "healthy" if readiness.status in ("ready", "degraded") else readiness.status,
            "version": version,
        }
        return json_page(body | _endpoints(holder, figures) if _known(authenticator, scope) else body)

    def liveliness(_: Scope) -> Page:
        """Is the gateway alive?"""
        return json_page("I'm alive!", 503 if readiness.draining else 200)

    def readiness_page(_: Scope) -> Page:
        """May the gateway have traffic?"""
        if readiness.draining:
            return json_page({"status": "shutting_down"}, 503)
        status = "healthy" if readiness.ready else "starting"
        return json_page({"status": status, "db": "Not connected"}, 200 if readiness.ready else 503)

    return {
        "/health": health,
        "/health/liveliness": liveliness,
        "/health/liveness": liveliness,
        "/health/readiness": readiness_page,
    }


def _known(authenticator: Authenticator, scope: Scope) -> bool:
    """A virtual key shows other callers' models only if it may call or see all, and is not confined to other paths; one
    that is yet to be looked up does not wait here."""
    try:
        caller = authenticator.at_once(first_values(scope), scope.get("query_string", b""))
    except AuthenticationError:
        return False
    if caller is None or (caller.routes is not None and not caller.routes.allows(scope["path"])):
        return False
    return caller.principal.role in _SEE_ALL or not caller.models.levels


def _endpoints(holder: StateHolder, figures: Figures) -> dict[str, object]:
    """Every deployment counts as healthy unless it is cooled, or still to be probed; addresses are not shown."""
    healthy: list[dict[str, object]] = []
    unhealthy: list[dict[str, object]] = []
    for group in holder.current.entries():
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
