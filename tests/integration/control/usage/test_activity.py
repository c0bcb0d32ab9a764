"""Daily activity, reports and the sums of everything: their shapes, their pages, and what they refuse."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.support.keyring import let_in
from tests.support.ledger import record, write
from tests.support.people import ADMIN, NOW, Control, House

DAY = {"start_date": "2026-11-21", "end_date": "2026-11-21"}
WEEK = {"start_date": "2026-11-15", "end_date": "2026-11-21"}


async def test_a_day_is_broken_down_with_names(control: Control) -> None:
    await control.post("/user/new", {"user_id": "u1", "user_email": "u1@example.com", "auto_create_key": False})
    members = [{"user_id": "u1", "role": "user"}]
    await control.post("/team/new", {"team_id": "t1", "team_alias": "First", "members_with_roles": members})
    key = (await control.post("/key/generate", {"key_alias": "mine", "user_id": "u1", "team_id": "t1"}))["token"]
    await control.post("/key/delete", {"keys": [key]})
    await write(control.database, [record(user_id="u1", team_id="t1", key_hash=key, customer_id="c1"), record()])
    [day] = (await control.get("/user/daily/activity", **DAY))["results"]
    mine = {"key_alias": "mine", "team_id": "t1", "user_id": "u1", "key_exists": False}
    assert day["date"] == "2026-11-21"
    assert day["breakdown"]["api_keys"][key]["metadata"] == mine
    assert day["breakdown"]["models"]["m"]["api_key_breakdown"][key]["metadata"] == mine
    assert day["breakdown"]["models"] == day["breakdown"]["model_groups"]
    assert day["breakdown"]["entities"]["u1"]["metadata"] == {"user_email": "u1@example.com", "user_alias": None}
    assert day["breakdown"]["entities"]["Unassigned"]["metrics"]["api_requests"] == 1
    [day] = (await control.get("/team/daily/activity", **DAY))["results"]
    assert day["breakdown"]["entities"]["t1"]["metadata"] == {"team_alias": "First"}
    [day] = (await control.get("/customer/daily/activity", **DAY))["results"]
    assert list(day["breakdown"]["entities"]) == ["c1"]


async def test_pages_have_whole_days(control: Control) -> None:
    await write(control.database, [
        record(ended_at=NOW - timedelta(days=day), model=f"m{number}") for day in range(5) for number in range(3)
    ])  # fmt: skip
    found = []
    for page in range(1, 5):
        answer = await control.get("/user/daily/activity", **WEEK, page=page, page_size=2)
        metadata = answer["metadata"]
        assert (metadata["page"], metadata["total_pages"], metadata["has_more"]) == (page, 4, page < 4)
        assert metadata["total_api_requests"] == 3 * len(answer["results"])
        found += [day["date"] for day in answer["results"]]
    assert found == [f"2026-11-{day}" for day in (21, 20, 19, 18, 17)]
    beyond = await control.get("/user/daily/activity", **WEEK, page=9, page_size=2)
    assert (beyond["results"], beyond["metadata"]["has_more"]) == ([], False)


async def test_filters(control: Control) -> None:
    await write(control.database, [record(model="m1", key_hash="k1", tags=["a", "b"]), record(model="m2", tags=["a"])])

    async def requests(path: str, **query: str) -> int:
        found: int = (await control.get(path, **DAY, **query))["metadata"]["total_api_requests"]
        return found

    assert (
        await requests("/user/daily/activity", model="m1") == await requests("/user/daily/activity", api_key="k1") == 1
    )
    assert (await requests("/tag/daily/activity"), await requests("/tag/daily/activity", tags="b, c")) == (3, 1)
    summary = await control.get("/tag/summary", **DAY, tag_filter="A")
    assert [(one["tag"], one["total_requests"]) for one in summary["results"]] == [("a", 2)]
    summary = await control.get("/tag/summary", **DAY, tag_filter="A", tag_filters=["b"])
    assert [one["tag"] for one in summary["results"]] == ["b"]


async def test_a_report_by_team_customer_and_key(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1", "team_alias": "First"})
    await write(control.database, [
        record(team_id="t1", key_hash="k1", customer_id="c1", user_id="u1"),
        record(cost_nano_usd=5000, customer_id="c2"),
    ])  # fmt: skip
    [day] = await control.get("/global/spend/report", **DAY)
    assert day == {"group_by_day": "2026-11-21", "teams": [
        {"team_name": "Unassigned Team", "team_id": "", "total_spend": 5e-6,
         "metadata": [{"model": "m", "api_key": "", "spend": 5e-6, "total_tokens": 7}]},
        {"team_name": "First", "team_id": "t1", "total_spend": 1e-6,
         "metadata": [{"model": "m", "api_key": "k1", "spend": 1e-6, "total_tokens": 7}]},
    ]}  # fmt: skip
    [day] = await control.get("/global/spend/report", **DAY, group_by="customer")
    assert [one["customer"] for one in day["customers"]] == ["c1", "c2"]
    [day] = await control.get("/global/spend/report", **DAY, customer_id="c2")
    assert [one["total_spend"] for one in day["customers"]] == [5e-6]
    for query in ({"api_key": "k1"}, {"internal_user_id": "u1"}):
        assert await control.get("/global/spend/report", **DAY, **query) == [
            {"api_key": "k1", "total_cost": 1e-6, "total_input_tokens": 3, "total_output_tokens": 4, "model_details": [
                {"model": "m", "total_cost": 1e-6, "total_input_tokens": 3, "total_output_tokens": 4}]}
        ]  # fmt: skip


async def test_the_sums_of_everything_have_names(control: Control) -> None:
    await control.post("/team/new", {"team_id": "t1", "team_alias": "First"})
    made = await control.post("/key/generate", {"key_alias": "mine"})
    rows = [record(team_id="t1", key_hash=made["token"], tags=["a"], customer_id="c"), record(cost_nano_usd=5000)]
    await write(control.database, [*rows, record(ended_at=NOW - timedelta(days=30), model="old")])
    [key] = await control.get("/global/spend/keys", limit=5)
    assert key == {"api_key": made["token"], "key_alias": "mine", "key_name": made["key_name"], "total_spend": 1e-6}
    assert await control.get("/global/spend/teams") == {
        "daily_spend": [{"First": 1e-6, "Unassigned": 5e-6, "date": "2026-11-21"}], "teams": ["First", "Unassigned"],
        "total_spend_per_team": [
            {"team_id": "Unassigned", "total_spend": 5e-6}, {"team_id": "First", "total_spend": 1e-6},
        ],
    }  # fmt: skip
    assert [one["model"] for one in await control.get("/global/spend/models")] == ["m"]
    [day] = await control.get("/global/spend/logs", api_key=made["key"])
    assert day == {"date": "2026-11-21", "spend": 1e-6, "api_key": made["token"]}
    assert await control.get("/global/spend/all_tag_names") == {"tag_names": ["a"]}
    assert await control.get("/global/all_end_users") == {"end_users": ["c"]}
    activity = await control.get("/global/activity", **DAY)
    assert activity["daily_data"] == [{"date": "Nov 21", "api_requests": 2, "total_tokens": 14}]


LONG = {"start_date": "2025-01-01", "end_date": "2026-11-21"}
INVERTED = {"start_date": "2026-11-22", "end_date": "2026-11-21"}
DATED = (
    "/user/daily/activity", "/team/daily/activity", "/tag/daily/activity", "/customer/daily/activity", "/tag/summary",
    "/global/activity", "/global/activity/model", "/global/spend/provider", "/global/spend/report",
    "/user/spend/report",
)  # fmt: skip


@pytest.mark.parametrize("path", DATED)
async def test_days_that_are_none(control: Control, path: str) -> None:
    for query in ({}, {"start_date": "2026-11-21"}, LONG, INVERTED, DAY | {"end_date": "21.11.2026"}):
        refused = await control.get(path, ADMIN, 400, **query)
        assert refused["detail"]["error"]


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("/global/spend/report", DAY | {"group_by": "planet"}, 422), ("/global/spend/keys", {"limit": 0}, 422),
        ("/global/spend/report", DAY | {"group_by": "customer", "team_id": "t"}, 400),
        ("/customer/daily/activity", DAY | {"model": "m"}, 400), ("/user/daily/activity", DAY | {"page": 0}, 422),
        ("/user/daily/activity", DAY | {"page_size": 1001}, 422), ("/api/v1/usage/summary", {"days": 0}, 422),
        ("/api/v1/usage/summary", {"days": 366}, 422), ("/api/v1/usage/by-service", {"days": "x"}, 422),
        ("/api/v1/usage/by-customer", {"limit": 501}, 422), ("/api/v1/usage/by-customer", {"limit": 0}, 422),
        ("/api/v1/usage/by-customer", {"limit": 500, "days": 365}, 200),
    ],
)  # fmt: skip
async def test_bounds(control: Control, path: str, query: dict[str, Any], code: int) -> None:
    said = await control.get(path, ADMIN, code, **query)
    assert ("detail" in said) == (code != 200)


async def test_customers_are_not_known_by_key(control: Control) -> None:
    refused = await control.post("/global/spend/end_users", {"api_key": "k"}, ADMIN, 400)
    assert "not kept by key" in refused["detail"]["error"]
    inverted = {"startTime": "2026-11-22T00:00:00Z", "endTime": "2026-11-21T00:00:00"}
    await control.post("/global/spend/end_users", inverted, ADMIN, 400)


async def test_days_of_a_service_are_whole_and_today_is_one(control: Control) -> None:
    await write(control.database, [
        record(ended_at=NOW - timedelta(days=day), service=f"s{day}", took_s=0.5 + day, cached=day == 2)
        for day in range(4)
    ])  # fmt: skip
    assert (await control.get("/api/v1/usage/summary", days=1))["total_requests"] == 1
    summary = await control.get("/api/v1/usage/summary", days=4)
    assert summary == {
        "period_days": 4, "total_requests": 4, "total_cost_usd": 4e-6, "total_tokens": 28, "cached_requests": 1,
        "error_requests": 0, "cache_hit_rate": 0.25,
    }  # fmt: skip
    services = await control.get("/api/v1/usage/by-service", days=2)
    assert [one["service_name"] for one in services] == ["s0", "s1"]
    [provider] = await control.get("/api/v1/usage/by-provider", days=4)
    assert provider == {
        "provider_name": "openai", "request_count": 4, "total_cost_usd": 4e-6, "avg_latency_ms": 1833.333,
        "total_tokens": 28,
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/spend/logs", "/user/daily/activity", "/global/spend/report"])
async def test_what_goes_wrong_at_once_is_no_half_csv(control: Control, house: House, path: str) -> None:
    query = DAY | {"format": "csv"}
    assert await lines(control, path, **query) == 1
    await write(control.database, [record(tags=["=cmd()"])])
    assert await lines(control, path, **query) == 2
    async with control.database.transaction() as session:
        for table in ("usage_records", "usage_details"):
            await session.execute(text(f"ALTER TABLE {table} RENAME TO gone_{table}"))
    transport = httpx.ASGITransport(let_in(house.api, ADMIN), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://control") as client:
        assert (await client.get(path, params=query)).status_code == 500
    async with control.database.transaction() as session:
        for table in ("usage_records", "usage_details"):
            await session.execute(text(f"ALTER TABLE gone_{table} RENAME TO {table}"))


async def lines(control: Control, path: str, **query: Any) -> int:
    async with control.asked() as client:
        answer = await client.get(path, params=query)
    assert answer.headers["content-disposition"].endswith('.csv"')
    return answer.text.count("\r\n")
