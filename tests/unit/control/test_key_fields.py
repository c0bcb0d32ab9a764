"""What somebody who is no administrator may give a key: a table of every field, and what the table does not name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from routeiq.control.errors import Refused
from routeiq.control.keys.allowed import FREE, HOLDERS, RULES, check_fields, inherited
from routeiq.control.keys.ceiling import Ceiling
from routeiq.control.keys.effective import effective
from routeiq.control.keys.fields import BACKED, COLUMNS, EXTRA
from routeiq.control.keys.shapes import GenerateKey, RegenerateKey, UpdateKey
from routeiq.control.store.tables import Key, Team, User

NOW = datetime(2026, 11, 21, tzinfo=UTC)
FREELY = Ceiling()


def key(**fields: Any) -> Key:
    empty = {
        "models": [], "aliases": {}, "allowed_routes": [], "permissions": {}, "model_max_budget": {}, "data": {},
        "extra": {}, "blocked": False, "spend_nano_usd": 0,
    }  # fmt: skip
    return Key(**(empty | fields))


def under(**fields: Any) -> Ceiling:
    """Of somebody who asks with that key."""
    row = key(**fields)
    return Ceiling().under_key(row, effective(row, None, NOW))


def refused(ceiling: Ceiling, row: Key | None = None, **fields: Any) -> str:
    """Why; empty: it is not."""
    body = GenerateKey(**fields) if row is None else UpdateKey(key="sk-x", **fields)
    try:
        check_fields(body, row, ceiling, NOW)
    except Refused as refusal:
        return refusal.message
    return ""


NANO = 1_000_000_000
HELD = under(
    models=["gpt-4o", "openai/*"], max_budget_nano_usd=10 * NANO, budget_duration="30d", rpm_limit=10, tpm_limit=100,
    max_parallel_requests=2, expires_at=NOW + timedelta(days=1), model_max_budget={"gpt-4o": {"max_budget": 1.0}},
    data={"model_rpm_limit": {"gpt-4o": 1}}, extra={"budget_limits": [{"budget_duration": "1d", "max_budget": 1.0}]},
)  # fmt: skip

WITHIN: list[dict[str, Any]] = [
    {"models": ["gpt-4o"]}, {"models": ["openai/gpt-5"]}, {"models": ["openai/g*"]}, {"models": ["no-default-models"]},
    {"models": []}, {"aliases": {"best": "gpt-4o"}}, {"max_budget": 10}, {"max_budget": 0}, {"budget_duration": "30d"},
    {"budget_duration": "60d"}, {"rpm_limit": 10},
    {"tpm_limit": 1}, {"max_parallel_requests": 2}, {"duration": "1d"}, {"duration": "1h"},
    {"model_max_budget": {"gpt-4o": {"max_budget": 1.0}}}, {"model_rpm_limit": {"gpt-4o": 1}},
    {"budget_limits": [{"budget_duration": "1d", "max_budget": 1}]}, {"tags": ["x"]}, {"key_alias": "mine"},
    {"metadata": {"mine": 1}}, {"guardrails": ["pii"]}, {"blocked": True}, {"key_type": "llm_api"},
    {"key_type": "read_only"}, {"key_type": "default"}, {"soft_budget": 5}, {"auto_rotate": True},
    {"allowed_routes": ["llm_api_routes"]}, {"spend": 0}, {"permissions": {}}, {"allowed_routes": []},
    {"send_invite_email": True}, {"metadata": {"tags": ["x"]}}, {"key": "sk-my-own-key-of-mine"},
]  # fmt: skip

BEYOND: list[dict[str, Any]] = [
    {"models": ["claude"]}, {"models": ["gpt-4o", "claude"]}, {"models": ["*"]}, {"models": ["all-proxy-models"]},
    {"models": ["all-team-models"]}, {"aliases": {"gpt-4o": "claude"}}, {"max_budget": 10.01},
    {"budget_duration": "1d"}, {"budget_duration": "29d"}, {"rpm_limit": 11}, {"tpm_limit": 101},
    {"max_parallel_requests": 3}, {"duration": "25h"}, {"duration": "1mo"},
    {"model_max_budget": {"gpt-4o": {"max_budget": 2.0}}}, {"model_rpm_limit": {"gpt-4o": 2}},
    {"metadata": {"model_rpm_limit": {"gpt-4o": 2}}}, {"budget_limits": [{"budget_duration": "1h", "max_budget": 1}]},
]  # fmt: skip

ADMINS_ALONE: dict[str, Any] = {
    "spend": 1, "permissions": {"p": True}, "budget_id": "gold", "organization_id": "o", "project_id": "p",
    "agent_id": "a", "config": {"a": 1}, "object_permission": {"mcp_servers": ["git"]}, "access_group_ids": ["g"],
    "router_settings": {"num_retries": 9}, "budget_fallbacks": {"a": ["b"]}, "tpd_limit": 1, "end_user_budget_id": "b",
    "mcp_rpm_limit": {"git": 9}, "tag_rpm_limit": {"t": 9}, "default_estimated_output_tokens": 1,
    "default_estimated_output_tokens_per_model": {"a": 1}, "allowed_vector_store_indexes": [{"index_name": "i"}],
    "throttle_on_budget_exceeded": True, "disable_global_guardrails": True, "prompts": ["p"],
    "allowed_passthrough_routes": ["/x"], "denied_passthrough_routes": ["/x"],
    "allowed_routes": ["/chat/completions"], "key_type": "management", "metadata": {"permissions": ["*"]},
}  # fmt: skip


@pytest.mark.parametrize("fields", WITHIN, ids=str)
def test_what_the_asking_key_has_it_may_give(fields: dict[str, Any]) -> None:
    assert refused(HELD, **fields) == ""


@pytest.mark.parametrize("fields", BEYOND, ids=str)
def test_what_the_asking_key_has_not_it_may_not_give(fields: dict[str, Any]) -> None:
    assert refused(HELD, **fields)
    assert refused(FREELY, **fields) == ""


@pytest.mark.parametrize("name", ADMINS_ALONE)
def test_some_fields_are_for_administrators(name: str) -> None:
    assert "Only proxy admins can set" in refused(FREELY, **{name: ADMINS_ALONE[name]})
    assert "Only proxy admins can set" in refused(FREELY, None, **{name: ADMINS_ALONE[name]})


def test_a_field_that_nobody_thought_of_is_for_administrators() -> None:
    """The table names every field of the requests, so that a new one fails here first."""
    known = FREE | HOLDERS | RULES.keys() | ADMINS_ALONE.keys()
    only_together = {"temp_budget_increase", "temp_budget_expiry"}
    for body in (GenerateKey, UpdateKey, RegenerateKey):
        assert body.model_fields.keys() <= known | only_together
    assert {*COLUMNS, *EXTRA, *BACKED} <= known | only_together
    sent = {"temp_budget_increase": 5, "temp_budget_expiry": "2030-01-01T00:00:00Z"}
    assert "Only proxy admins can set" in refused(FREELY, **sent)


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        (key(allowed_routes=["info_routes"]), {"allowed_routes": []}),
        (key(allowed_routes=["/chat/completions"]), {"allowed_routes": ["llm_api_routes"]}),
        (key(allowed_routes=["llm_api_routes"]), {"allowed_routes": ["llm_api_routes", "info_routes"]}),
        (key(blocked=True), {"blocked": False}),
        (key(data={"guardrails": ["pii", "x"]}), {"guardrails": ["pii"]}),
        (key(data={"guardrails": ["pii"]}), {"metadata": {"guardrails": []}}),
        (key(data={"permissions": ["key.read"]}), {"metadata": {"permissions": ["*"]}}),
        (key(spend_nano_usd=5 * NANO), {"spend": 1}),
        (key(spend_nano_usd=5 * NANO), {"spend": 0}),
    ],
)
def test_what_holds_a_key_back_stays(row: Key, fields: dict[str, Any]) -> None:
    assert "Only proxy admins can set" in refused(FREELY, row, **fields)


@pytest.mark.parametrize("name", ["models", "max_budget", "rpm_limit", "tpm_limit", "max_parallel_requests"])
def test_a_limit_that_the_asking_key_has_is_not_taken_off(name: str) -> None:
    row = key(models=["gpt-4o"], max_budget_nano_usd=NANO, rpm_limit=1, tpm_limit=1, max_parallel_requests=1)
    assert refused(HELD, row, **{name: None})
    assert refused(FREELY, row, **{name: None}) == ""


@pytest.mark.parametrize("name", ["max_budget", "rpm_limit", "tpm_limit", "max_parallel_requests"])
def test_a_limit_of_nothing_is_a_limit(name: str) -> None:
    columns = {"max_budget": "max_budget_nano_usd"}
    nothing = {columns.get(name, name): 0}
    assert refused(under(**nothing), key(**nothing), **{name: None})
    assert refused(under(**nothing), key(), **{name: 1})
    assert getattr(inherited(GenerateKey(), under(**nothing), NOW), name) == 0


@pytest.mark.parametrize("duration", [None, "-1", "2d"])
def test_the_end_of_the_asking_key_is_not_put_off(duration: str | None) -> None:
    ends = {"expires_at": NOW + timedelta(days=1)}
    assert refused(under(**ends), key(**ends), duration=duration)


def test_null_leaves_what_is_kept_in_metadata() -> None:
    assert refused(FREELY, key(data={"guardrails": ["pii"]}), guardrails=None, metadata={"guardrails": None}) == ""


def test_a_row_that_is_sent_back_as_it_is_changes_nothing() -> None:
    row = key(
        permissions={"p": True}, allowed_routes=["/x"], blocked=True, budget_id="gold", models=["claude"],
        data={"permissions": ["*"], "guardrails": ["pii"]}, extra={"agent_id": "a", "config": {"a": 1}},
    )  # fmt: skip
    sent = {
        "permissions": {"p": True}, "allowed_routes": ["/x"], "blocked": True, "budget_id": "gold",
        "models": ["claude"], "metadata": {"permissions": ["*"], "guardrails": ["pii"]}, "agent_id": "a",
        "config": {"a": 1},
    }  # fmt: skip
    assert refused(HELD, row, **sent) == ""


def test_a_new_key_is_held_to_what_holds_the_one_that_asks() -> None:
    body = inherited(GenerateKey(rpm_limit=5, max_budget=0), HELD, NOW)
    assert body.models == ["gpt-4o", "openai/*"]
    assert (body.rpm_limit, body.tpm_limit, body.max_parallel_requests, body.max_budget) == (5, 100, 2, 0)
    assert (body.budget_duration, body.duration) == ("30d", "86400s")
    assert body.model_rpm_limit == {"gpt-4o": 1}
    assert body.budget_limits is not None
    assert body.budget_limits[0].max_budget == 1.0


def test_what_is_given_for_a_while_is_not_given_on() -> None:
    until = (NOW + timedelta(hours=1)).isoformat()
    for_now = under(max_budget_nano_usd=NANO, data={"temp_budget_increase": 5, "temp_budget_expiry": until})
    assert inherited(GenerateKey(), for_now, NOW).max_budget == 1
    assert refused(for_now, max_budget=1.01)


def test_a_key_that_is_not_held_leaves_a_new_one_free() -> None:
    assert inherited(GenerateKey(), FREELY, NOW).model_fields_set == set()


def test_the_routes_of_the_asking_key_hold() -> None:
    managing = under(allowed_routes=["management_routes"])
    assert inherited(GenerateKey(), managing, NOW).allowed_routes == ["management_routes"]
    assert refused(managing, key_type="llm_api")
    assert refused(managing, allowed_routes=["llm_api_routes"])


def test_users_and_teams_hold_their_keys_too() -> None:
    user = User(models=["a", "b"], max_budget_nano_usd=5 * NANO, rpm_limit=7)
    team = Team(models=["b", "c"], max_budget_nano_usd=3 * NANO, tpm_limit=9)
    both = Ceiling().under_holder(user).under_holder(team)
    assert refused(both, models=["b"], max_budget=3, rpm_limit=7, tpm_limit=9) == ""
    for fields in ({"models": ["a"]}, {"models": ["c"]}, {"max_budget": 4}, {"rpm_limit": 8}, {"tpm_limit": 10}):
        assert refused(both, **fields)
    assert refused(both, models=["all-team-models"]) == ""
