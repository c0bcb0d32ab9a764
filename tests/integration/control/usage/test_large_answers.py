"""Answers that would be too large in full name what cost most, and their sums have everything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest

from routeiq.control.usage import breakdown, reports
from tests.support.ledger import Record, record, write
from tests.support.people import NOW, Control

WEEK = {"start_date": "2026-11-15", "end_date": "2026-11-21"}


@pytest.fixture
def nothing_in_full() -> Iterator[None]:
    with mock.patch.multiple(breakdown, FEW_ROWS=0, TOP=2), mock.patch.object(reports, "MOST_ROWS", 0):
        yield


def requests() -> list[Record]:
    return [
        record(
            ended_at=NOW - timedelta(days=day), key_hash=f"k{number}", user_id=f"u{number % 3}",
            team_id=f"t{number % 2}", customer_id=f"c{number}" if number else "", model=f"m{number % 2}",
            provider="openai" if number else "", tags=["a", "b"][: number % 3], cost_nano_usd=1000 * 2**number,
        )
        for day in range(3) for number in range(4)
    ]  # fmt: skip


def without_keys(page: dict[str, Any]) -> dict[str, Any]:
    """As a large page has it, were everything named."""
    for day in page["results"]:
        for kind, parts in day["breakdown"].items():
            if kind != "api_keys":
                for part in parts.values():
                    part["api_key_breakdown"] = {}
    for name in ("api_key_limit", "total_api_keys", "total_entities"):
        del page["metadata"][name]
    return page


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("user", {}), ("team", {}), ("tag", {}), ("customer", {}), ("user", {"user_id": "u1"}),
        ("user", {"model": "m1"}), ("team", {"team_ids": "t1"}), ("team", {"exclude_team_ids": "t1"}),
        ("tag", {"tags": "a"}), ("user", {"api_key": "a" * 64}),
        ("customer", {"end_user_ids": "c1,c2,c3", "exclude_end_user_ids": "c2"}),
        ("customer", {"exclude_end_user_ids": "c1"}), ("user", {"page_size": 2, "page": 2}),
    ],
)  # fmt: skip
async def test_a_large_page_has_the_sums_of_a_full_one(control: Control, path: str, query: dict[str, Any]) -> None:
    await write(control.database, [*requests(), record(key_hash="a" * 64)])
    full = await control.get(f"/{path}/daily/activity", **WEEK, **query)
    with mock.patch.object(breakdown, "FEW_ROWS", 0):
        large = await control.get(f"/{path}/daily/activity", **WEEK, **query)
    assert full["results"]
    assert without_keys(large) == without_keys(full)


@pytest.mark.usefixtures("nothing_in_full")
async def test_a_large_page_names_what_cost_most(control: Control) -> None:
    await write(control.database, requests())
    page = await control.get("/user/daily/activity", **WEEK)
    said = page["metadata"]
    assert (said["api_key_limit"], said["total_api_keys"], said["total_entities"]) == (2, 4, 3)
    for day in page["results"]:
        assert (set(day["breakdown"]["api_keys"]), set(day["breakdown"]["entities"])) == ({"k2", "k3"}, {"u0", "u2"})
        assert day["metrics"]["api_requests"] == 4
    page = await control.get("/customer/daily/activity", **WEEK)
    assert (page["metadata"]["total_api_requests"], page["metadata"]["total_entities"]) == (9, 3)
    assert set(page["results"][0]["breakdown"]["entities"]) == {"c2", "c3"}


@pytest.mark.usefixtures("nothing_in_full")
async def test_large_reports_name_no_models(control: Control) -> None:
    await write(control.database, requests())
    for query in ({}, {"team_id": "t1"}):
        days = await control.get("/global/spend/report", **WEEK, **query)
        assert [(one["total_spend"], one["metadata"]) for one in days[0]["teams"] if one["team_id"] == "t1"] == [
            (1e-5, [])
        ]
    for query in ({"group_by": "api_key"}, {"api_key": "k3"}):
        keys = await control.get("/global/spend/report", **WEEK, **query)
        assert (keys[0]["api_key"], keys[0]["total_cost"], keys[0]["model_details"]) == ("k3", 2.4e-5, [])
    days = await control.get("/global/spend/report", **WEEK, group_by="customer")
    assert [[one["customer"] for one in day["customers"]] for day in days] == [["c2", "c3"]] * 3


@pytest.mark.usefixtures("nothing_in_full")
async def test_large_days_of_logs_name_the_dearest_keys_and_users(control: Control) -> None:
    await write(control.database, requests())
    days = await control.get("/spend/logs", **WEEK)
    assert days[-1] == {
        "k2": 4e-6, "k3": 8e-6, "startTime": "2026-11-21", "spend": 1.5e-5, "users": {"u0": 9e-6, "u2": 4e-6},
        "models": {"m0": 5e-6, "m1": 1e-5},
    }  # fmt: skip
