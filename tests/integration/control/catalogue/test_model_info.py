"""`/model/info`, `/v2/model/info` and `/model_group/info` as LiteLLM's clients call them."""

from __future__ import annotations

from typing import Any

from routeiq.control.store.tables import Key, Member, Team, User
from routeiq.kit.principal import Principal, Role
from tests.support.catalogue import KEYS, SERVICE, World
from tests.support.people import ADMIN, KEYLESS, NOW, VIEWER

DATED = {"created_at": NOW, "created_by": "x", "updated_at": NOW, "updated_by": "x"}
LIMITS: dict[str, None] = dict.fromkeys(
    ("rpm_limit", "tpm_limit", "max_parallel_requests", "max_budget_nano_usd", "soft_budget_nano_usd",
     "budget_duration", "budget_reset_at")
)  # fmt: skip
MINE = Principal("1" * 64, Role.USER, user_id="u", team_id="t")


async def test_the_documents_models_are_shown_as_written_without_secrets(here: World) -> None:
    found = (await here.done("GET", "/model/info", who=ADMIN))["data"]
    assert [one["model_name"] for one in found] == ["house", "plain", "all-MiniLM-L6-v2", "wild/*"]
    assert all(set(one) == {"model_name", "litellm_params", "model_info"} for one in found)
    assert found[0] == {
        "model_name": "house",
        "litellm_params": {"model": "openai/gpt-house", "rpm": 5, "api_base": "http://10.0.0.7/v1"},
        "model_info": {
            "id": "house-1", "db_model": False, "key": "gpt-house", "litellm_provider": "openai", "mode": "chat",
            "access_groups": ["inside"], "max_tokens": 1000, "max_input_tokens": 1000, "input_cost_per_token": 1e-06,
            "output_cost_per_token": 2e-06, "supports_function_calling": None, "supports_vision": True,
        },
    }  # fmt: skip
    assert found[1]["litellm_params"] == {"model": "simulated/small"}
    assert await here.done("GET", "/v1/model/info", who=ADMIN) == {"data": found}


async def test_an_added_model_is_shown_beside(here: World) -> None:
    await _add(here, "x", "x-1")
    (one,) = (await here.done("GET", "/model/info?litellm_model_id=x-1", who=ADMIN))["data"]
    assert one["litellm_params"] == {"model": "openai/gpt-x"}
    assert (one["model_info"]["db_model"], one["model_info"]["created_by"]) == (True, "default_user_id")


async def test_who_asks_for_one_that_is_not_there_is_told_in_litellms_words(here: World) -> None:
    refused = await here.done("GET", "/model/info?litellm_model_id=no", who=ADMIN, status=400)
    assert refused == {"detail": {"error": "Model id = no not found on litellm proxy"}}


async def test_blocked_models_are_shown_to_administrators(here: World) -> None:
    await _add(here, "x", "x-1")
    await here.done("POST", "/model/block", {"model_id": "x-1"}, who=ADMIN)
    for who, names in ((ADMIN, ["x"]), (VIEWER, ["x"]), (SERVICE, [])):
        page = await here.done("GET", "/v2/model/info?modelId=x-1", who=who)
        assert [one["model_name"] for one in page["data"]] == names


async def test_pages_are_searched_and_sorted(here: World) -> None:
    for name in ("xb", "xa", "y"):
        await _add(here, name, name)
    page = await here.done("GET", "/v2/model/info?search=X&sortBy=model_name&size=1&page=2", who=ADMIN)
    assert [one["model_name"] for one in page.pop("data")] == ["xb"]
    assert page == {"total_count": 2, "current_page": 2, "total_pages": 2, "size": 1}
    for query, names in (
        ("search=x&sortBy=model_name&sortOrder=desc", ["xb", "xa"]), ("model=y", ["y"]),
        ("access_group=inside", ["house"]), ("wildcard_only=true", ["wild/*"]), ("modelId=xa", ["xa"]),
        ("user_models_only=true", ["xa", "xb", "y"]), ("size=2&page=9", []), ("teamId=nobody", []),
    ):  # fmt: skip
        page = await here.done("GET", f"/v2/model/info?{query}", who=ADMIN)
        assert [one["model_name"] for one in page["data"]] == names, query
    for query in ("sortBy=colour", "page=0", "size=0", "teamId=a%00b"):
        await here.done("GET", f"/v2/model/info?{query}", who=ADMIN, status=422)


async def test_groups_sum_up_their_models(here: World) -> None:
    for name, rpm in (("x-1", 5), ("x-2", 6)):
        await _add(here, "x", name, rpm=rpm)
    groups = {one["model_group"]: one for one in (await here.done("GET", "/model_group/info", who=ADMIN))["data"]}
    assert list(groups) == ["house", "plain", "x", "all-MiniLM-L6-v2", "wild/*", "auto"]
    assert (groups["x"]["rpm"], groups["x"]["providers"], groups["x"]["mode"]) == (11, ["openai"], "chat")
    assert groups["auto"]["providers"] == ["openai", "simulated"]
    (house,) = (await here.done("GET", "/model_group/info?model_group=house", who=ADMIN))["data"]
    assert house == {
        "model_group": "house", "providers": ["openai"], "max_input_tokens": 1000, "max_output_tokens": None,
        "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06, "mode": "chat", "tpm": None, "rpm": 5,
        "supports_function_calling": False, "supports_parallel_function_calling": False, "supports_vision": True,
        "supports_web_search": False, "supports_reasoning": False, "supported_openai_params": [],
    }  # fmt: skip


async def test_a_key_sees_what_it_may_call(here: World) -> None:
    every = ["house", "plain", "all-MiniLM-L6-v2", "wild/*"]
    for key, team, member, theirs, names in (
        ({}, {}, {}, {}, every),
        ({"models": ["plain"]}, {}, {}, {}, ["plain"]),
        ({"models": ["inside"]}, {}, {}, {}, ["house"]),
        ({"models": ["all-team-models"]}, {"models": ["house", "plain"]}, {}, {}, ["house", "plain"]),
        ({"models": ["house"]}, {"models": ["plain"]}, {}, {}, []),
        ({}, {"models": ["all-proxy-models"]}, {"models": ["pl*"]}, {}, ["plain"]),
        ({}, {}, {}, {"models": ["wild/*"]}, ["wild/*"]),
        ({}, {}, {}, {"models": ["no-default-models"]}, every),
        ({"models": ["no-default-models"]}, {}, {}, {}, []),
        ({"models": ["mine"], "aliases": {"mine": "house"}}, {}, {}, {}, ["house"]),
        ({"models": ["ours"]}, {"models": ["ours"], "model_aliases": {"ours": "house"}}, {}, {}, ["house"]),
        (
            {"models": ["mine"], "aliases": {"mine": "ours"}},
            {"models": ["ours"], "model_aliases": {"ours": "house"}},
            {"models": ["ours"]},
            {},
            ["house"],
        ),
        ({"models": ["mine"], "aliases": {"mine": "house"}}, {"models": ["mine"]}, {}, {}, []),
    ):
        await _hold(here, key, team, member, theirs)
        found = (await here.done("GET", "/model/info", who=MINE))["data"]
        assert [one["model_name"] for one in found] == names, (key, team, member, theirs)


async def test_who_only_uses_models_is_not_told_where_they_are(here: World) -> None:
    await _hold(here, {}, {}, {}, {})
    (house, *_) = (await here.done("GET", "/model/info", who=MINE))["data"]
    assert house["litellm_params"] == {"model": "openai/gpt-house", "rpm": 5}


async def test_what_a_key_does_not_see_is_not_there(here: World) -> None:
    await _hold(here, {"models": ["plain"]}, {}, {}, {})
    await here.done("GET", "/model/info?litellm_model_id=house-1", who=MINE, status=400)
    groups = (await here.done("GET", "/model_group/info", who=MINE))["data"]
    assert [one["model_group"] for one in groups] == ["plain", "auto"]


async def test_a_key_that_is_not_known_sees_nothing(here: World) -> None:
    assert await here.done("GET", "/model/info", who=KEYLESS) == {"data": []}


async def test_a_team_shows_what_its_keys_may_call(here: World) -> None:
    await _hold(here, {}, {"models": ["plain"]}, {}, {})
    for who, query, names in (
        (ADMIN, "teamId=t", ["plain"]), (MINE, "teamId=t", ["plain"]), (MINE, "teamId=another", []),
    ):  # fmt: skip
        found = (await here.done("GET", f"/model/info?{query}", who=who))["data"]
        assert [one["model_name"] for one in found] == names


async def test_nobody_is_shown_a_key(here: World) -> None:
    await _add(here, "x", "x-1")
    for path in ("/model/info", "/v2/model/info", "/model_group/info", "/api/v1/providers", "/api/v1/providers/house"):
        await here.done("GET", path, who=ADMIN)
    assert not [one for one in here.answers if any(key in one for key in (*KEYS, "sk-raw", "sk-of-the-environment"))]


async def _add(here: World, name: str, model_id: str, **more: object) -> None:
    params = {"model": "openai/gpt-x", "api_key": "sk-raw-of-x", **more}
    body = {"model_name": name, "litellm_params": params, "model_info": {"id": model_id, "base_model": "gpt-x"}}
    await here.done("POST", "/model/new", body, who=ADMIN)


async def _hold(here: World, key: Any, team: Any, member: Any, theirs: Any) -> None:
    """In place of those before."""
    rows = (
        Team(**{"id": "t", "alias": None, "organization_id": None, "models": [], "model_aliases": {}, "blocked": False,
                **DATED, **LIMITS, **team}),
        Member(**{"team_id": "t", "user_id": "u", "role": "user", "budget_id": None, "models": [], "joined_at": NOW,
                  **member}),
        User(**{"id": "u", "email": None, "alias": None, "role": "internal_user", "models": [], **DATED, **LIMITS,
                **theirs}),
        Key(**{"hash": MINE.key_id, "name": "sk-...x", "alias": None, "user_id": "u", "team_id": "t", "models": [],
               "aliases": {}, "organization_id": None, "budget_id": None, "expires_at": None, **DATED, **LIMITS,
               **key}),
    )  # fmt: skip
    async with here.control.database.transaction() as session:
        for row in rows:
            await session.merge(row)
            await session.flush()
