"""The table: every route has a line, everything else is denied."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import pytest
from starlette.routing import BaseRoute, Route

from routeiq.gateway.access import AccessTable, Level
from routeiq.gateway.api import create_api
from routeiq.gateway.app import edge_pages
from routeiq.gateway.routes.hot import HOT_PATHS, HOT_TEMPLATES
from routeiq.kit.principal import Principal, Role
from tests.support.gateway import make_gateway
from tests.support.twins import TwinProvider, TwinRouting, decision, deployment, state


def walk(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Method and path of every route, those of included routers too."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from walk(included.routes)
        elif isinstance(route, Route):
            yield from (
                (method, route.path) for method in set(route.methods or ()) - {"HEAD"}
            )  # the edge makes them GET


def served() -> list[tuple[str, str]]:
    """Everything that the gateway serves."""
    gateway = make_gateway(state(deployment()), TwinProvider(), TwinRouting(decision()))
    api = create_api(gateway, edge_pages(gateway))
    return [*walk(api.routes), *(("POST", path) for path in (*HOT_PATHS, *HOT_TEMPLATES))]


def test_every_route_has_a_line() -> None:
    table = AccessTable()
    example = {"{model_id:path}": "a/b", "{name}": "x.js", "{model}": "a/b"}
    without = []
    for method, path in served():
        concrete = path
        for part, value in example.items():
            concrete = concrete.replace(part, value)
        if table.level(method, concrete) is None:
            without.append((method, path))
    assert len(served()) > 20
    assert without == []


@pytest.mark.parametrize(
    ("method", "path", "level"),
    [
        ("GET", "/health", Level.NONE),
        ("POST", "/v1/chat/completions", Level.USER),
        ("GET", "/v1/models/a/b/c", Level.USER),
        ("POST", "/router/route", Level.ADMIN),
        ("GET", "/router/route", None),
        ("POST", "/health", None),
        ("GET", "/v1/models/", None),
        ("GET", "/docs/a/b", None),
        ("POST", "/v1/chat/completions/", None),
        ("POST", "//v1/chat/completions", None),
        ("GET", "/key/generate", None),
        ("POST", "/key/generate", Level.USER),
        ("POST", "/key/sk-1/regenerate", Level.USER),
        ("POST", "/key/a/b/regenerate", None),
        ("POST", "/user/new", Level.ADMIN),
        ("GET", "/user/list", Level.VIEWER),
        ("GET", "/v2/model/info", Level.USER),
        ("GET", "/spend/logs/v2", Level.USER),
        ("GET", "/user/daily/activity", Level.USER),
        ("GET", "/global/spend/report", Level.VIEWER),
        ("GET", "/customer/daily/activity", Level.VIEWER),
        ("POST", "/global/spend/reset", Level.ADMIN),
        ("GET", "/api/v1/usage/by-customer", Level.SERVICE),
        ("GET", "/api/v1/health", Level.NONE),
        ("PATCH", "/api/v1/providers/openai", Level.SERVICE),
        ("DELETE", "/api/v1/overrides/1/2", None),
    ],
)
def test_levels(method: str, path: str, level: Level | None) -> None:
    assert AccessTable().level(method, path) is level


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/health", ["GET", "HEAD"]),
        ("/v1/models/a/b", ["GET", "HEAD"]),
        ("/router/route", ["POST"]),
        ("/v1/messages", ["POST"]),
        ("/engines/a/b/embeddings", ["POST"]),
        ("/nope", []),
        ("", []),
    ],
)
def test_methods_of_a_path(path: str, methods: list[str]) -> None:
    assert AccessTable().methods(path) == methods


@pytest.mark.parametrize(
    ("method", "path", "roles"),
    [
        ("POST", "/key/generate", {"admin", "viewer", "user", "service"}),
        ("POST", "/team/new", {"admin"}),
        ("POST", "/router/route", {"admin"}),
        ("GET", "/audit", {"admin", "viewer"}),
        ("GET", "/api/v1/providers", {"admin", "service"}),
    ],
)
def test_who_may(method: str, path: str, roles: set[str]) -> None:
    line = AccessTable().line(method, path)
    assert line is not None
    assert {role for role in Role if line.refusal(Principal("k", role), path) is None} == roles


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("POST", "/team/new", 401, "Only proxy admin can be used to generate.*Route=/team/new. Your role=user"),
        ("GET", "/user/list", 401, "Only proxy admin"),
        ("GET", "/audit", 403, "view everything"),
        ("POST", "/router/route", 403, "admin key"),
        ("GET", "/api/v1/providers", 403, "service key"),
    ],
)
def test_a_refusal_is_as_the_familys_clients_expect_it(method: str, path: str, status: int, text: str) -> None:
    line = AccessTable().line(method, path)
    assert line is not None
    refusal = line.refusal(Principal("k", Role.USER), path)
    assert refusal is not None
    assert refusal.status == status
    assert re.search(text, refusal.message)


def test_hot_paths_are_for_any_key_and_for_nobody_without() -> None:
    """The edge asks the table for all other paths; of these it only wants a key."""
    table = AccessTable()
    named = (path.replace("{model}", "a/b") for path in HOT_TEMPLATES)
    assert {table.level("POST", path) for path in (*HOT_PATHS, *named)} == {Level.USER}
