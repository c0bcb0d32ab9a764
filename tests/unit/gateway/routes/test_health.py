"""Whom `/health` shows the deployments."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from routeiq.config.model_access import model_access
from routeiq.gateway.callers.caller import Caller
from routeiq.gateway.callers.routes import RouteAccess
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.routes.health import health_pages
from routeiq.gateway.state import StateHolder
from routeiq.kit.health import Readiness
from routeiq.kit.principal import Principal, Role
from tests.support.asgi import scope
from tests.support.twins import deployment, state

USER, VIEWER = Principal("k", Role.USER), Principal("k", Role.VIEWER)
SOME = model_access(key=["a"])


class Knows:
    """An authenticator of one caller."""

    def __init__(self, caller: Caller | None) -> None:
        self._caller = caller

    def at_once(self, headers: Mapping[bytes, bytes], query: bytes = b"") -> Caller | None:
        return self._caller


@pytest.mark.parametrize(
    ("caller", "shown"),
    [
        (None, False),
        (Caller(USER), True),
        (Caller(USER, SOME), False),
        (Caller(VIEWER, SOME), True),
        (Caller(USER, routes=RouteAccess(["llm_api_routes"])), False),
        (Caller(VIEWER, routes=RouteAccess(["llm_api_routes"])), False),
        (Caller(USER, routes=RouteAccess(["info_routes"])), True),
    ],
)
def test_only_who_may_call_or_see_all_and_may_come_here(caller: Caller | None, *, shown: bool) -> None:
    served = state(deployment("a"))
    pages = health_pages(
        StateHolder(served),
        Figures(served),
        Readiness("gateway", {}),
        Knows(caller),  # type: ignore[arg-type]  # a twin
        "0",
    )
    body = json.loads(pages["/health"](scope("GET", "/health")).body)
    assert ("healthy_endpoints" in body) is shown
