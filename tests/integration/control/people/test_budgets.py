"""`/budget/*` as LiteLLM's clients call it."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from typing import Any

import httpx
import pytest

from routeiq.control.store.tables import Key
from tests.support.people import ADMIN, KEYLESS, NOW, VIEWER, Control, changed_by, user

ROW = {
    "budget_id", "max_budget", "soft_budget", "max_parallel_requests", "tpm_limit", "rpm_limit", "tpd_limit",
    "model_max_budget", "budget_duration", "budget_reset_at", "allowed_models", "temp_budget_increase",
    "temp_budget_expiry", "created_at", "created_by", "updated_at", "updated_by",
}  # fmt: skip


async def test_a_budget_is_given_back_as_it_was_sent(control: Control) -> None:
    sent: dict[str, Any] = {
        "budget_id": "free", "max_budget": 10.5, "soft_budget": 5, "max_parallel_requests": 3, "tpm_limit": 1000,
        "rpm_limit": 10, "tpd_limit": 50_000, "budget_duration": "30d",
        "model_max_budget": {"gpt-4o": {"max_budget": 0.0000001, "budget_duration": "1d", "tpm_limit": 10}},
    }  # fmt: skip
    made = await control.post("/budget/new", sent)
    assert set(made) == ROW
    assert sent == {name: made[name] for name in sent}
    assert made["budget_reset_at"] == "2026-12-01T00:00:00Z"
    assert await control.post("/budget/info", {"budgets": ["free"]}) == [made]


async def test_an_id_is_made_up_for_who_sends_none(control: Control) -> None:
    first, second = [await control.post("/budget/new", {}) for _ in range(2)]
    assert first["budget_id"] != second["budget_id"]
    assert first["max_budget"] is None


async def test_an_id_is_taken_once(control: Control) -> None:
    await control.post("/budget/new", {"budget_id": "free"})
    refused = await control.post("/budget/new", {"budget_id": "free"}, code=400)
    assert refused == {"detail": {"error": "Budget with id 'free' already exists."}}


async def test_of_two_that_want_an_id_at_once_one_gets_it(control: Control) -> None:
    async with control.asked() as client:
        answers = await asyncio.gather(*(client.post("/budget/new", json={"budget_id": "free"}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]


async def test_an_update_keeps_what_is_omitted_and_clears_what_is_null(control: Control) -> None:
    await control.post("/budget/new", {"budget_id": "b", "max_budget": 1, "rpm_limit": 2, "tpd_limit": 3})
    changed = await control.post("/budget/update", {"budget_id": "b", "rpm_limit": None, "tpd_limit": None})
    assert (changed["max_budget"], changed["rpm_limit"], changed["tpd_limit"]) == (1.0, None, None)


async def test_a_new_duration_begins_a_new_period(control: Control) -> None:
    await control.post("/budget/new", {"budget_id": "b", "budget_duration": "30d"})
    assert (await control.post("/budget/update", {"budget_id": "b", "budget_duration": "1d"}))["budget_reset_at"] == (
        "2026-11-22T00:00:00Z"
    )
    assert (await control.post("/budget/update", {"budget_id": "b", "budget_duration": None}))[
        "budget_reset_at"
    ] is None


async def test_a_reset_that_was_sent_holds_for_the_first_period(control: Control) -> None:
    sent = {"budget_id": "b", "budget_duration": "30d", "budget_reset_at": "2027-03-01T12:00:00+01:00"}
    assert (await control.post("/budget/new", sent))["budget_reset_at"] == "2027-03-01T11:00:00Z"
    assert (await control.post("/budget/update", {"budget_id": "b", "budget_reset_at": "2027-03-02T00:00:00"}))[
        "budget_reset_at"
    ] == "2027-03-02T00:00:00Z"


async def test_an_update_names_a_budget_that_there_is(control: Control) -> None:
    assert await control.post("/budget/update", {"max_budget": 1}, code=400) == {
        "detail": {"error": "budget_id is required"}
    }
    unknown = await control.post("/budget/update", {"budget_id": "no"}, code=404)
    assert "not found" in unknown["detail"]["error"]


async def test_a_budget_that_is_deleted_leaves_its_keys_alive(control: Control) -> None:
    made = await control.post("/budget/new", {"budget_id": "b", "max_budget": 1})
    async with control.database.transaction() as session:
        session.add(_key("h1", "b"))
    assert await control.post("/budget/delete", {"id": "b"}) == made
    assert await control.post("/budget/info", {"budgets": ["b"]}) == []
    async with control.database.reading() as session:
        row = await session.get(Key, "h1")
        assert row is not None
        assert row.budget_id is None
    assert (await control.post("/budget/delete", {"id": "b"}, code=404))["detail"]["error"]


async def test_the_list_has_the_newest_first(control: Control) -> None:
    for name in ("one", "two"):
        control.moments.forward(timedelta(seconds=1))
        await control.post("/budget/new", {"budget_id": name})
    assert [one["budget_id"] for one in await control.get("/budget/list", VIEWER)] == ["two", "one"]


async def test_info_wants_ids(control: Control) -> None:
    assert await control.post("/budget/info", {"budgets": []}, code=400) == {
        "detail": {"error": "Specify list of budget id's to query. Passed in=[]"}
    }


async def test_settings_say_what_can_be_set(control: Control) -> None:
    await control.post("/budget/new", {"budget_id": "b", "max_budget": 1})
    lines = {one["field_name"]: one for one in await control.get("/budget/settings", budget_id="b")}
    assert lines["max_budget"]["field_value"] == 1.0
    assert lines["max_budget"]["field_type"] == "Float"
    assert set(lines["rpm_limit"]) == {
        "field_name", "field_type", "field_description", "field_value", "stored_in_db", "field_default_value",
        "premium_field", "nested_fields",
    }  # fmt: skip


@pytest.mark.parametrize("amount", [-1, -0.5, 1e30])
@pytest.mark.parametrize("name", ["max_budget", "soft_budget"])
async def test_what_is_no_amount_is_refused_in_litellms_words(control: Control, name: str, amount: float) -> None:
    refused = await control.post("/budget/new", {name: amount}, code=400)
    assert refused == {"detail": {"error": f"{name} must be a non-negative finite number. Received: {float(amount)}"}}


@pytest.mark.parametrize(
    "body",
    [
        {"max_budget": math.inf}, {"max_budget": "much"}, {"rpm_limit": -1}, {"rpm_limit": 2**63}, {"rpm_limit": 1.5},
        {"budget_duration": "1y"}, {"budget_duration": "0d"}, {"budget_id": "x" * 257}, {"budget_id": ""},
        {"budget_id": "nul\0"}, {"budget_id": "half \ud800"}, {"budget_reset_at": "0001-01-01T00:00:00+14:00"},
        {"model_max_budget": {"gpt\0": {}}}, {"model_max_budget": {"gpt": {"max_budget": -1}}}, [], None, "budget",
    ],
)  # fmt: skip
async def test_what_cannot_be_kept_is_refused(control: Control, body: object) -> None:
    refused = await control.post("/budget/new", body, code=422)
    assert refused.keys() == {"detail"}
    assert await control.get("/budget/list") == []


async def test_unicode_is_kept(control: Control) -> None:
    name = "Büdget 予算 💸 \u202e"
    await control.post("/budget/new", {"budget_id": name})
    assert (await control.post("/budget/info", {"budgets": [name]}))[0]["budget_id"] == name


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/budget/new", {"budget_id": "mine"}),
        ("POST", "/budget/update", {"budget_id": "b", "max_budget": 5}),
        ("POST", "/budget/delete", {"id": "b"}),
    ],
)
@pytest.mark.parametrize("who", [VIEWER, KEYLESS, user("u1")], ids=["viewer", "keyless", "user"])
async def test_only_administrators_write(control: Control, who: Any, method: str, path: str, body: object) -> None:
    await control.post("/budget/new", {"budget_id": "b", "max_budget": 1})
    refused = await control.post(path, body, who, code=401)
    assert refused["error"]["type"] == "auth_error"
    assert f"Route={path}" in refused["error"]["message"]
    assert (await control.post("/budget/info", {"budgets": ["b"]}))[0]["max_budget"] == 1.0


async def test_a_user_reads_no_budgets(control: Control) -> None:
    answers = [
        await control.get("/budget/list", user("u1"), code=401),
        await control.get("/budget/settings", user("u1"), code=401, budget_id="b"),
        await control.post("/budget/info", {"budgets": ["b"]}, user("u1"), code=401),
    ]
    assert {answer["error"]["type"] for answer in answers} == {"auth_error"}


async def test_gateways_are_told(control: Control) -> None:
    async with control.asked(ADMIN) as client:
        for path, body in (
            ("/budget/new", {"budget_id": "b"}),
            ("/budget/update", {"budget_id": "b", "rpm_limit": 1}),
            ("/budget/delete", {"id": "b"}),
        ):
            answer: httpx.Response = await client.post(path, json=body)
            assert list(changed_by(answer).budgets) == ["b"]
    assert [list(one.budgets) for one in control.told.all] == [["b"], ["b"], ["b"]]


def _key(hash_: str, budget_id: str) -> Key:
    return Key(
        hash=hash_, name="sk-...abcd", budget_id=budget_id, created_at=NOW, created_by="t", updated_at=NOW,
        updated_by="t",
    )  # fmt: skip
