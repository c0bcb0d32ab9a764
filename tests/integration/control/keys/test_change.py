"""`/key/update`, `/key/bulk_update`, `/key/block`, `/key/{key}/reset_spend`."""

from __future__ import annotations

import pytest

from routeiq.kit.money import NANO
from tests.support.keyring import NOW, Keyring, changed_by, team_row

INVALID = {"error": {"message": "Key not found.", "type": "not_found_error", "param": "key", "code": "404"}}


async def test_what_is_not_sent_stays(keyring: Keyring) -> None:
    made = await keyring.made(models=["a"], rpm_limit=5, metadata={"x": 1}, tags=["t"], max_budget=3)
    updated = await keyring.post("/key/update", {"key": made["key"], "tpm_limit": 9})
    assert updated["key"] == made["key"]
    assert updated["token"] == made["token"]
    assert (updated["models"], updated["rpm_limit"], updated["tpm_limit"], updated["max_budget"]) == (["a"], 5, 9, 3.0)
    assert updated["metadata"] == {"x": 1, "tags": ["t"]}


async def test_null_clears_columns_and_leaves_what_is_kept_in_metadata(keyring: Keyring) -> None:
    made = await keyring.made(
        models=["a"], rpm_limit=5, max_budget=3, budget_duration="1d", duration="1h", team_id="t", tags=["t"],
        model_rpm_limit={"a": 1}, config={"c": 1}, key_alias="one", aliases={"b": "a"}, budget_limits=None,
    )  # fmt: skip
    cleared = ("models", "rpm_limit", "max_budget", "budget_duration", "duration", "team_id", "config", "aliases")
    nulls = {**dict.fromkeys([*cleared, "tags", "model_rpm_limit"], None), "key_alias": None}
    updated = await keyring.post("/key/update", {"key": made["token"], **nulls})
    assert [updated[name] for name in ("models", "config", "aliases")] == [[], {}, {}]
    for name in ("rpm_limit", "max_budget", "budget_duration", "budget_reset_at", "expires", "team_id", "key_alias"):
        assert updated[name] is None
    assert updated["metadata"] == {"tags": ["t"], "model_rpm_limit": {"a": 1}}


async def test_new_metadata_replaces_the_old(keyring: Keyring) -> None:
    made = await keyring.made(metadata={"x": 1}, tags=["t"])
    updated = await keyring.post("/key/update", {"key": made["key"], "metadata": {"y": 2}, "guardrails": ["g"]})
    assert updated["metadata"] == {"y": 2, "guardrails": ["g"]}


async def test_minus_one_is_for_ever(keyring: Keyring) -> None:
    made = await keyring.made(duration="1h")
    updated = await keyring.post("/key/update", {"key": made["key"], "duration": "-1"})
    assert updated["expires"] is None


async def test_a_key_is_found_by_its_alias(keyring: Keyring) -> None:
    made = await keyring.made(key_alias="one")
    updated = await keyring.post("/key/update", {"key_alias": "one", "rpm_limit": 1})
    assert (updated["key"], updated["rpm_limit"]) == (made["token"], 1)
    missing = await keyring.post("/key/update", {"key_alias": "two"}, status=404)
    assert missing["error"]["message"] == "Key not found. No key with key_alias='two'."


async def test_a_key_that_is_none_is_not_found(keyring: Keyring) -> None:
    assert await keyring.post("/key/update", {"key": "sk-nothing"}, status=404) == INVALID
    await keyring.post("/key/update", {"rpm_limit": 1}, status=422)


async def test_an_alias_of_another_key_is_taken(keyring: Keyring) -> None:
    await keyring.made(key_alias="one")
    made = await keyring.made(key_alias="two")
    refused = await keyring.post("/key/update", {"key": made["key"], "key_alias": "one"}, status=400)
    assert refused["error"]["type"] == "bad_request_error"
    await keyring.post("/key/update", {"key": made["key"], "key_alias": "two"})


async def test_a_wrong_amount_is_an_auth_error_here(keyring: Keyring) -> None:
    made = await keyring.made()
    refused = await keyring.post("/key/update", {"key": made["key"], "max_budget": -1}, status=400)
    assert refused["error"] == {
        "message": "{'error': 'max_budget must be a non-negative finite number. Received: -1.0'}",
        "type": "auth_error",
        "param": "None",
        "code": "400",
    }


async def test_a_service_account_keeps_its_name(keyring: Keyring) -> None:
    await keyring.holds(team_row("t1"))
    made = await keyring.post("/key/service-account/generate", {"team_id": "t1", "key_alias": "ci"})
    updated = await keyring.post("/key/update", {"key": made["key"], "metadata": {"a": 1}})
    assert updated["metadata"] == {"a": 1, "service_account_id": "ci"}
    renamed = {"key": made["key"], "metadata": {"service_account_id": "x"}}
    await keyring.post("/key/update", renamed, status=400)


async def test_a_temporary_increase_has_an_end(keyring: Keyring) -> None:
    made = await keyring.made(max_budget=1)
    await keyring.post("/key/update", {"key": made["key"], "temp_budget_increase": 5}, status=422)
    sent = {"key": made["key"], "temp_budget_increase": 5, "temp_budget_expiry": NOW.isoformat()}
    assert (await keyring.post("/key/update", sent))["metadata"]["temp_budget_increase"] == 5.0


async def test_gateways_hear_of_a_change(keyring: Keyring) -> None:
    made = await keyring.made()
    answer = await keyring.answer("/key/update", {"key": made["key"], "rpm_limit": 1})
    assert list(changed_by(answer).keys) == [made["token"]]


async def test_many_keys_are_changed_each_by_itself(keyring: Keyring) -> None:
    one, two = await keyring.made(key_alias="one"), await keyring.made(key_alias="two", metadata={"x": 1})
    bulk = {
        "keys": [
            {"key": one["key"], "max_budget": 2, "tags": ["t"]},
            {"key": two["token"], "key_alias": "one"},
            {"key": "sk-nothing", "max_budget": 1},
        ]
    }
    answer = await keyring.answer("/key/bulk_update", bulk)
    body = answer.json()
    assert (body["total_requested"], len(body["successful_updates"]), len(body["failed_updates"])) == (3, 1, 2)
    done, failed = body["successful_updates"][0], body["failed_updates"]
    assert (done["key"], done["key_info"]["max_budget"]) == (one["key"], 2.0)
    assert "token" not in done["key_info"]
    assert (failed[0]["key"], failed[0]["key_info"]["key_alias"]) == (two["token"], "two")
    assert failed[0]["failed_reason"].startswith("Key with alias 'one' already exists.")
    assert (failed[1]["key_info"], failed[1]["failed_reason"]) == (None, "Key not found.")
    assert list(changed_by(answer).keys) == [one["token"]]
    assert (await keyring.info(two["key"]))["key_alias"] == "two"


async def test_a_bulk_is_not_endless(keyring: Keyring) -> None:
    refused = await keyring.post("/key/bulk_update", {"keys": [{"key": "sk-x"}] * 501}, status=400)
    assert refused == {"detail": {"error": "Maximum 500 keys can be updated at once. Found 501 keys."}}


@pytest.mark.parametrize("form", ["key", "token"])
async def test_a_key_is_blocked_and_let_go(keyring: Keyring, form: str) -> None:
    made = await keyring.made()
    blocked = await keyring.post("/key/block", {"key": made[form]})
    assert (blocked["token"], blocked["blocked"]) == (made["token"], True)
    assert (await keyring.info(made["key"]))["status"] == "revoked"
    assert (await keyring.post("/key/unblock", {"key": made[form]}))["blocked"] is False
    assert list(keyring.told.all[-1].keys) == [made["token"]]


async def test_only_a_key_is_blocked(keyring: Keyring) -> None:
    assert await keyring.post("/key/block", {"key": "sk-nothing-at-all"}, status=404) == INVALID
    refused = await keyring.post("/key/block", {"key": "hello"}, status=400)
    assert refused["error"]["message"] == "Invalid key format."


async def test_spend_is_set_back(keyring: Keyring) -> None:
    made = await keyring.made(spend=4, max_budget=3)
    reset = await keyring.post(f"/key/{made['key']}/reset_spend", {"reset_to": 1.5})
    assert reset == {
        "key_hash": made["token"], "spend": 1.5, "previous_spend": 4.0, "max_budget": 3.0, "budget_reset_at": None,
    }  # fmt: skip
    row = await keyring.row(made["token"])
    assert row is not None
    assert row.spend_nano_usd == 1.5 * NANO


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        (-1, "reset_to must be >= 0"),
        (9, "reset_to (9.0) must be <= current spend (4.0)"),
        (3.5, "reset_to (3.5) must be <= budget (3.0)"),
    ],
)
async def test_spend_is_set_back_and_not_forth(keyring: Keyring, amount: float, reason: str) -> None:
    made = await keyring.made(spend=4, max_budget=3)
    refused = await keyring.post(f"/key/{made['token']}/reset_spend", {"reset_to": amount}, status=400)
    assert refused == {"detail": {"error": reason}}


async def test_spend_of_nothing_is_not_set_back(keyring: Keyring) -> None:
    missing = await keyring.post("/key/sk-nothing-at-all/reset_spend", {"reset_to": 0}, status=404)
    assert missing == {"detail": {"error": "Key sk-...-all not found."}}
    made = await keyring.made()
    await keyring.post(f"/key/{made['token']}/reset_spend", {"reset_to": True}, status=422)
