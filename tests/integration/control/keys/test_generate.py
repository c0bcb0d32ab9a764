"""`POST /key/generate`: what LiteLLM's clients send, and what they read."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from routeiq.gateway.callers.directory import LONGEST_KEY
from tests.support.keyring import HOUR, NOW, Keyring, budget_row, changed_by, member_row, team_row, user_row

INFO_NAMES = {
    "key_name", "key_alias", "spend", "total_spend", "max_budget", "soft_budget", "expires", "models", "aliases",
    "config", "user_id", "team_id", "agent_id", "project_id", "organization_id", "org_id", "max_parallel_requests",
    "metadata", "tpm_limit", "rpm_limit", "tpd_limit", "budget_duration", "budget_reset_at", "budget_id",
    "budget_limits", "budget_fallbacks", "allowed_cache_controls", "allowed_routes", "key_type", "permissions",
    "model_spend", "model_max_budget", "soft_budget_cooldown", "blocked", "litellm_budget_table",
    "object_permission_id", "object_permission", "access_group_ids", "router_settings", "rotation_count",
    "auto_rotate", "rotation_interval", "last_rotation_at", "key_rotation_at", "created_at", "created_by",
    "updated_at", "updated_by", "settings_updated_at", "last_active",
}  # fmt: skip
MADE_NAMES = INFO_NAMES | {
    "key", "token", "token_id", "end_user_budget_id", "model_rpm_limit", "model_tpm_limit", "mcp_rpm_limit",
    "tag_rpm_limit", "rpm_limit_type", "tpm_limit_type", "default_estimated_output_tokens",
    "default_estimated_output_tokens_per_model", "allowed_passthrough_routes", "denied_passthrough_routes",
    "allowed_vector_store_indexes", "guardrails", "policies", "prompts", "tags", "enforced_params",
    "disable_global_guardrails", "enable_prompt_caching", "throttle_on_budget_exceeded",
}  # fmt: skip
EVERYTHING: dict[str, Any] = {
    "key_alias": "all", "duration": "1h", "agent_id": "ag", "organization_id": "org", "project_id": "pr",
    "models": ["gpt-4o", "openai/*"], "aliases": {"best": "gpt-4o"}, "config": {"a": 1}, "spend": 0.25,
    "max_budget": 10.5, "soft_budget": 5, "budget_duration": "30d",
    "budget_limits": [{"budget_duration": "1d", "max_budget": 1.5}], "max_parallel_requests": 3, "tpm_limit": 1000,
    "rpm_limit": 10, "tpd_limit": 5000, "model_max_budget": {"gpt-4o": {"max_budget": 1, "budget_duration": "1d"}},
    "budget_fallbacks": {"gpt-4o": ["gpt-4o-mini"]}, "model_rpm_limit": {"gpt-4o": 2}, "model_tpm_limit": {"gpt-4o": 9},
    "mcp_rpm_limit": {"git": 1}, "tag_rpm_limit": {"a": 1}, "metadata": {"owner": "x"}, "permissions": {"p": True},
    "allowed_cache_controls": ["no-cache"], "allowed_routes": ["/chat/completions"], "guardrails": ["pii"],
    "policies": ["po"], "prompts": ["pt"], "tags": ["t1"], "enforced_params": ["user"], "blocked": False,
    "object_permission": {"mcp_servers": ["git"]}, "access_group_ids": ["ag1"], "router_settings": {"num_retries": 1},
    "auto_rotate": True, "rotation_interval": "30d", "rpm_limit_type": "dynamic", "tpm_limit_type": "dynamic",
    "allowed_passthrough_routes": ["/x"], "denied_passthrough_routes": ["/y"], "enable_prompt_caching": True,
    "disable_global_guardrails": False, "throttle_on_budget_exceeded": False, "end_user_budget_id": "b",
}  # fmt: skip
NOT_GIVEN_BACK = {"duration", "metadata"}


async def test_an_empty_request_makes_a_key_that_may_do_everything(keyring: Keyring) -> None:
    made = await keyring.post("/key/generate")
    assert set(made) == MADE_NAMES
    assert made["key"].startswith("sk-")
    assert len(made["key"]) == 25
    assert made["token"] == made["token_id"] == hashlib.sha256(made["key"].encode()).hexdigest()
    assert made["key_name"] == f"sk-...{made['key'][-4:]}"
    assert (made["expires"], made["max_budget"], made["models"], made["spend"]) == (None, None, [], 0.0)
    assert (made["created_by"], made["blocked"], made["metadata"]) == ("default_user_id", False, {})
    assert made["created_at"] == "2026-11-21T12:00:00Z"


async def test_every_field_is_given_back_and_kept(keyring: Keyring) -> None:
    made = await keyring.made(**EVERYTHING)
    wanted = {name: value for name, value in EVERYTHING.items() if name not in NOT_GIVEN_BACK}
    assert {name: made[name] for name in wanted} == wanted
    assert made["expires"] == "2026-11-21T13:00:00Z"
    assert made["metadata"]["owner"] == "x"
    info = await keyring.info(made["key"])
    assert set(info) == INFO_NAMES | {"status", "deleted_at", "deleted_by"}
    backed = {name: made[name] for name in MADE_NAMES - INFO_NAMES if name in EVERYTHING}
    assert {name: info["metadata"][name] for name in backed} == backed
    assert {name: info[name] for name in wanted if name in INFO_NAMES} == {
        name: value for name, value in wanted.items() if name in INFO_NAMES
    }


async def test_the_key_is_in_no_other_answer(keyring: Keyring) -> None:
    made = await keyring.made()
    assert made["key"] not in str(await keyring.get("/key/list", return_full_object=True))
    assert made["key"] not in str(await keyring.info(made["token"]))


async def test_gateways_hear_of_a_new_key(keyring: Keyring) -> None:
    answer = await keyring.answer("/key/generate", {})
    assert list(changed_by(answer).keys) == [answer.json()["token"]]
    assert keyring.told.all == [changed_by(answer)]


async def test_a_key_of_ones_own(keyring: Keyring) -> None:
    made = await keyring.made(key="sk-mine-mine-mine")
    assert made["key"] == "sk-mine-mine-mine"
    taken = await keyring.post("/key/generate", {"key": "sk-mine-mine-mine"}, status=400)
    assert "sk-mine" not in taken["error"]["message"]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            "my-own-key-number-one",
            "{'error': \"Invalid key format. LiteLLM Virtual Key must start with 'sk-'. Received: my-o****-one\"}",
        ),
        ("sk-short", "{'error': 'Invalid key format. LiteLLM Virtual Key must be at least 16 characters long.'}"),
    ],
)
async def test_what_is_no_key_is_refused(keyring: Keyring, key: str, message: str) -> None:
    refused = await keyring.post("/key/generate", {"key": key}, status=400)
    assert refused == {"error": {"message": message, "type": "internal_server_error", "param": "None", "code": "400"}}


async def test_a_key_is_no_longer_than_gateways_take_one(keyring: Keyring) -> None:
    longest = "sk-" + "x" * (LONGEST_KEY - 3)
    made = await keyring.made(key=longest)
    refused = await keyring.post("/key/generate", {"key": longest + "x"}, status=400)
    assert f"at most {LONGEST_KEY} bytes" in refused["error"]["message"]
    for longer in (longest + "y", "sk-" + "\u00fc" * (LONGEST_KEY - 3)):
        refused = await keyring.post("/key/regenerate", {"key": made["token"], "new_key": longer}, status=400)
        assert f"at most {LONGEST_KEY} bytes" in refused["error"]["message"]


async def test_an_alias_is_for_one_key(keyring: Keyring) -> None:
    await keyring.made(key_alias="one")
    refused = await keyring.post("/key/generate", {"key_alias": "one"}, status=400)
    assert refused["error"] == {
        "message": "Key with alias 'one' already exists. Unique key aliases across all keys are required.",
        "type": "bad_request_error",
        "param": "key_alias",
        "code": "400",
    }


@pytest.mark.parametrize("amount", [-1, 1e10, 1e300])
async def test_an_amount_is_finite_and_not_negative(keyring: Keyring, amount: float) -> None:
    refused = await keyring.post("/key/generate", {"max_budget": amount}, status=400)
    assert "max_budget must be a non-negative finite number. Received: " in refused["error"]["message"]


@pytest.mark.parametrize(
    ("key_type", "routes"),
    [
        ("llm_api", ["llm_api_routes"]),
        ("management", ["management_routes"]),
        ("read_only", ["info_routes"]),
        ("default", []),
    ],
)
async def test_a_type_presets_the_routes(keyring: Keyring, key_type: str, routes: list[str]) -> None:
    made = await keyring.made(key_type=key_type)
    assert (made["allowed_routes"], made["key_type"]) == (routes, key_type)


async def test_a_shared_budget_is_shown(keyring: Keyring) -> None:
    await keyring.holds(budget_row("gold", max_budget_nano_usd=7_000_000_000, rpm_limit=5))
    made = await keyring.made(budget_id="gold")
    assert made["litellm_budget_table"]["max_budget"] == 7.0
    assert (await keyring.info(made["key"]))["litellm_budget_table"]["budget_id"] == "gold"
    await keyring.post("/key/generate", {"budget_id": "lead"}, status=400)


async def test_a_service_account_belongs_to_its_team_alone(keyring: Keyring) -> None:
    await keyring.holds(team_row("t1"))
    made = await keyring.post("/key/service-account/generate", {"team_id": "t1", "user_id": "u", "key_alias": "ci"})
    assert (made["user_id"], made["team_id"], made["metadata"]) == (None, "t1", {"service_account_id": "ci"})
    refused = await keyring.post("/key/service-account/generate", {}, status=400)
    assert refused == {
        "detail": "team_id is required for service account keys. Please specify `team_id` in the request body."
    }


async def test_who_holds_a_team_key_is_in_the_team(keyring: Keyring) -> None:
    await keyring.holds(team_row("t1"), user_row("u1"), user_row("u2"))
    await keyring.holds(member_row("t1", "u1"))
    assert (await keyring.made(team_id="t1", user_id="u1"))["user_id"] == "u1"
    refused = await keyring.post("/key/generate", {"team_id": "t1", "user_id": "u2"}, status=400)
    assert refused["error"]["message"] == "User=u2 not assigned to team=t1"


async def test_an_expired_key_says_so(keyring: Keyring) -> None:
    made = await keyring.made(duration="30m")
    assert (await keyring.info(made["key"]))["status"] == "active"
    keyring.now = NOW + HOUR
    assert (await keyring.info(made["key"]))["status"] == "expired"


@pytest.mark.parametrize(
    "key", ["sk-with a space in it", "sk-one-line-and\r\nx: y", "sk-\u00fcberschrift-key", "sk-tail-tail-tail "]
)
async def test_a_key_of_ones_own_fits_into_a_header(keyring: Keyring, key: str) -> None:
    """Else it is made, and never works."""
    refused = await keyring.post("/key/generate", {"key": key}, status=400)
    assert "no header could carry it" in refused["error"]["message"]
    made = await keyring.made()
    refused = await keyring.post("/key/regenerate", {"key": made["key"], "new_key": key}, status=400)
    assert "no header could carry it" in refused["error"]["message"]


async def test_what_curl_sends_is_json_whatever_it_says(keyring: Keyring) -> None:
    """`curl -d` says that it sends a form, as our guides' examples do."""
    form = "application/x-www-form-urlencoded; charset=utf-8"
    made = await keyring.post("/key/generate", {"key_alias": "of-curl"}, content_type=form)
    assert made["key_alias"] == "of-curl"


@pytest.mark.parametrize(
    ("field", "most", "more"),
    [
        ("models", [f"m{number}" for number in range(1000)], "one"),
        ("models", [f"m{number}*" for number in range(100)], "one*"),
        ("aliases", {f"m{number}": "m" for number in range(1000)}, "one"),
    ],
)
async def test_lists_that_each_request_is_compared_with_are_not_endless(
    keyring: Keyring, field: str, most: Any, more: str
) -> None:
    """One of a hundred thousand patterns, which any user could write, held a gateway up for half a minute."""
    made = await keyring.made(**{field: most})
    longer = [*most, more] if isinstance(most, list) else {**most, more: "m"}
    for path, body in (("/key/generate", {}), ("/key/update", {"key": made["key"]})):
        refused = await keyring.post(path, {**body, field: longer}, status=422)
        assert field in refused["detail"][0]["loc"]
