"""Keys that are confined to some paths."""

from __future__ import annotations

import pytest

from routeiq.gateway.access import TABLE, Level
from routeiq.gateway.callers.routes import RouteAccess, RouteDenied
from routeiq.gateway.routes.hot import HOT_PATHS


@pytest.mark.parametrize(
    ("words", "path", "allowed"),
    [
        (["llm_api_routes"], "/v1/chat/completions", True),
        (["llm_api_routes"], "/openai/deployments/a/b/embeddings", True),
        (["llm_api_routes"], "/v1/models", True),
        (["llm_api_routes"], "/key/generate", False),
        (["llm_api_routes"], "/router/route", False),
        (["management_routes"], "/key/generate", True),
        (["management_routes"], "/team/member_add", True),
        (["management_routes"], "/v1/chat/completions", False),
        (["management_routes"], "/global/spend", True),
        (["management_routes"], "/global/activity/model", True),
        (["spend_tracking_routes"], "/spend/logs/v2", True),
        (["spend_tracking_routes"], "/team/spend/report", True),
        (["spend_tracking_routes"], "/global/spend", False),
        (["global_spend_tracking_routes"], "/global/spend", True),
        (["global_spend_tracking_routes"], "/global/spend/report", True),
        (["global_spend_tracking_routes"], "/global/spend/reset", False),
        (["info_routes"], "/key/info", True),
        (["info_routes"], "/v2/model/info", True),
        (["info_routes"], "/key/delete", False),
        (["info_routes", "/v1/embeddings"], "/v1/embeddings", True),
        (["/v1/*"], "/v1/messages", True),
        (["/v1/*"], "/chat/completions", False),
        (["/v1/chat/completions"], "/v1/chat/completions/", False),
        (["/v1/chat"], "/v1/chat/completions", False),
        (["*"], "/anything", True),
    ],
)
def test_paths_wildcards_and_groups(words: list[str], path: str, allowed: bool) -> None:
    access = RouteAccess(words)
    assert access.allows(path) is access.allows(path) is allowed


def test_every_hot_path_is_a_models_path() -> None:
    access = RouteAccess(["llm_api_routes"])
    assert all(access.allows(path) for path in HOT_PATHS)
    assert not any(access.allows(line.path) for line in TABLE if line.level is Level.ADMIN)


def test_the_refusal_says_what_would_be_allowed() -> None:
    with pytest.raises(RouteDenied, match=r"routes: \['/a'\]\. Tried to call route: /b") as caught:
        RouteAccess(["/a"]).check("/b")
    assert caught.value.status == 403


def test_it_forgets_before_it_grows_without_end() -> None:
    access = RouteAccess(["/v1/*"])
    for number in range(1000):
        assert access.allows(f"/v1/{number}")
    assert len(access._seen) <= 256


def test_long_paths_are_not_kept() -> None:
    access = RouteAccess(["/v1/*"])
    assert access.allows("/v1/" + "a" * 10_000)
    assert access._seen == {}


def test_a_pattern_of_many_stars_is_as_quick_as_any() -> None:
    assert not RouteAccess(["/*a" + "*a" * 30 + "*b"]).allows("/" + "a" * 5000)
