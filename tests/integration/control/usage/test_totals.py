"""Whatever was used: each path says what the requests come to, and only logs read the requests themselves."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from routeiq.control.store.usage_sums import Sum
from routeiq.control.usage import breakdown
from routeiq.control.usage.activity_shapes import ActivityPage
from tests.support.ledger import Record, record, total_of, write
from tests.support.people import NOW, Control

SPAN = {"start_date": "2026-10-23", "end_date": "2026-11-21"}
"""The 30 days that paths without dates look back."""
WIDE = SPAN | {"page_size": 400}

few = st.integers(0, 1000)
records = st.lists(
    st.builds(
        record,
        ended_at=st.integers(0, 28 * 24).map(lambda hours: NOW - timedelta(hours=hours)),
        took_s=st.floats(0, 20),
        key_hash=st.sampled_from(["", "k1", "k2", "k3"]),
        user_id=st.sampled_from(["", "u1", "u2"]),
        team_id=st.sampled_from(["", "t1", "t2"]),
        customer_id=st.sampled_from(["", "c1", "c2", "c3"]),
        service=st.sampled_from(["", "s1", "s2"]),
        model=st.sampled_from(["", "m1", "m2"]),
        provider=st.sampled_from(["", "p1", "p2"]),
        endpoint=st.sampled_from(["chat/completions", "embeddings"]),
        tags=st.lists(st.sampled_from(["x", "y", "z"]), unique=True),
        status=st.sampled_from([200, 200, 400, 499, 502]),
        error=st.sampled_from(["", "", "interrupted"]),
        cached=st.booleans(),
        attempts=st.integers(0, 2),
        input_tokens=few,
        output_tokens=few,
        details=st.fixed_dictionaries({"cache_read_tokens": few, "cache_write_tokens": few, "reasoning_tokens": few}),
        cost_nano_usd=st.one_of(st.none(), st.integers(0, 10**12)),
    ),
    max_size=25,
)


def nano(usd: float) -> int:
    return round(usd * 10**9)


def cost(rows: Iterable[Record]) -> int:
    return total_of(rows).cost_nano_usd


def by(rows: Iterable[Record], name: str) -> dict[str, int]:
    """Cost by that, where it has a name."""
    found: dict[str, list[Record]] = {}
    for one in rows:
        if one[name]:
            found.setdefault(one[name], []).append(one)
    return {value: cost(of) for value, of in found.items()}


def of_metrics(shown: dict[str, Any], prefix: str = "") -> tuple[int, ...]:
    names = (
        "api_requests", "failed_requests", "unpriced_requests", "prompt_tokens", "completion_tokens",
        "cache_read_input_tokens", "cache_creation_input_tokens", "spend", "timed_requests",
    )  # fmt: skip
    found = [shown[f"{prefix}{name}"] for name in names]
    found[7] = nano(found[7])
    return tuple(found)


def expected(sums: Sum) -> tuple[int, ...]:
    return (
        sums.requests, sums.failed, sums.unpriced, sums.input_tokens, sums.output_tokens, sums.cache_read_tokens,
        sums.cache_write_tokens, sums.cost_nano_usd, sums.timed,
    )  # fmt: skip


async def services(control: Control, rows: list[Record]) -> None:
    whole = total_of(rows)
    summary = await control.get("/api/v1/usage/summary")
    names = ("total_requests", "cached_requests", "error_requests", "total_tokens")
    assert [summary[name] for name in names] == [whole.requests, whole.cached, whole.failed, whole.tokens]
    assert nano(summary["total_cost_usd"]) == whole.cost_nano_usd
    assert summary["cache_hit_rate"] == (whole.cached / whole.requests if rows else 0.0)
    for path, shown, name in (
        ("by-provider", "provider_name", "provider"), ("by-service", "service_name", "service"),
        ("by-customer", "user_id", "customer_id"),
    ):  # fmt: skip
        listed = await control.get(f"/api/v1/usage/{path}")
        costs = [nano(one["total_cost_usd"]) for one in listed]
        assert dict(zip([one[shown] for one in listed], costs, strict=True)) == by(rows, name)
        assert costs == sorted(costs, reverse=True)
        assert sum(one["request_count"] for one in listed) == sum(bool(one[name]) for one in rows)


async def globals_(control: Control, rows: list[Record]) -> None:
    whole = total_of(rows)
    assert nano((await control.get("/global/spend"))["spend"]) == whole.cost_nano_usd
    assert sum(nano(one["spend"]) for one in await control.get("/global/spend/logs")) == whole.cost_nano_usd
    keys = await control.get("/global/spend/keys")
    assert {one["api_key"]: nano(one["total_spend"]) for one in keys} == by(rows, "key_hash")
    models = await control.get("/global/spend/models")
    assert {one["model"]: nano(one["total_spend"]) for one in models} == by(rows, "model")
    providers = await control.get("/global/spend/provider", **SPAN)
    assert {one["provider"]: nano(one["spend"]) for one in providers} == by(rows, "provider")
    teams = await control.get("/global/spend/teams")
    assert sum(nano(one["total_spend"]) for one in teams["total_spend_per_team"]) == whole.cost_nano_usd
    customers = await control.post("/global/spend/end_users", {})
    assert {one["end_user"]: nano(one["total_spend"]) for one in customers} == by(rows, "customer_id")
    activity = await control.get("/global/activity", **SPAN)
    assert (activity["sum_api_requests"], activity["sum_total_tokens"]) == (whole.requests, whole.tokens)
    listed = await control.get("/global/activity/model", **SPAN)
    assert {one["model"]: one["sum_api_requests"] for one in listed} == {
        name: sum(one["model"] == name for one in rows) for name in by(rows, "model")
    }


async def tags(control: Control, rows: list[Record]) -> None:
    costs = {
        tag: cost(one for one in rows if tag in one["tags"]) for tag in {tag for one in rows for tag in one["tags"]}
    }
    spent = await control.get("/spend/tags")
    assert {one["individual_request_tag"]: nano(one["total_spend"]) for one in spent} == costs
    chart = await control.get("/global/spend/tags", **SPAN)
    assert {one["name"]: nano(one["spend"]) for one in chart["spend_per_tag"]} == costs
    summary = await control.get("/tag/summary", **SPAN)
    assert {one["tag"]: nano(one["total_spend"]) for one in summary["results"]} == costs
    for one in summary["results"]:
        assert one["unique_users"] == len({row["user_id"] for row in rows if one["tag"] in row["tags"]} - {""})
    days = await control.get("/tag/daily/activity", **WIDE)
    each = [one for one in rows for _ in one["tags"]]
    assert nano(days["metadata"]["total_spend"]) == cost(each)


async def activity(control: Control, rows: list[Record]) -> None:
    whole = total_of(rows)
    for path in ("user", "team"):
        page = await control.get(f"/{path}/daily/activity", **WIDE)
        ActivityPage.model_validate(page)
        assert sum(nano(day["metrics"]["spend"]) for day in page["results"]) == whole.cost_nano_usd
        assert page["metadata"]["total_api_requests"] == whole.requests
        for day in page["results"]:
            of_day = [one for one in rows if one["ended_at"].date().isoformat() == day["date"]]
            assert of_metrics(day["metrics"]) == expected(total_of(of_day))
            for kind in ("providers", "endpoints", "entities", "api_keys"):
                parts = day["breakdown"][kind].values()
                assert sum(one["metrics"]["api_requests"] for one in parts) == len(of_day)
    customers = await control.get("/customer/daily/activity", **WIDE)
    assert nano(customers["metadata"]["total_spend"]) == sum(by(rows, "customer_id").values())


async def reports(control: Control, rows: list[Record]) -> None:
    whole = total_of(rows)
    teams = await control.get("/global/spend/report", **SPAN)
    each = [nano(team["total_spend"]) for day in teams for team in day["teams"]]
    parts = [nano(one["spend"]) for day in teams for team in day["teams"] for one in team["metadata"]]
    assert sum(each) == whole.cost_nano_usd
    assert sum(parts) == (whole.cost_nano_usd if breakdown.FEW_ROWS else 0)
    keys = await control.get("/global/spend/report", **SPAN, group_by="api_key")
    assert sum(nano(one["total_cost"]) for one in keys) == whole.cost_nano_usd
    assert sum(one["total_input_tokens"] for one in keys) == whole.input_tokens
    customers = await control.get("/global/spend/report", **SPAN, group_by="customer")
    found = [nano(one["total_spend"]) for day in customers for one in day["customers"]]
    assert sum(found) == sum(by(rows, "customer_id").values())


async def logs(control: Control, rows: list[Record]) -> None:
    costs = sorted(one["cost_nano_usd"] or 0 for one in rows)
    days = await control.get("/spend/logs", **SPAN)
    assert sum(nano(day["spend"]) for day in days) == sum(costs)
    for query in ({}, SPAN | {"summarize": False}):
        listed = await control.get("/spend/logs", **query)
        assert sorted(nano(one["spend"] or 0) for one in listed) == costs
    page = await control.get("/spend/logs/v2", **SPAN, page_size=1000)
    assert (page["total"], page["total_is_capped"]) == (len(rows), False)
    assert sorted(nano(one["spend"] or 0) for one in page["data"]) == costs
    for path in ("/spend/logs", "/user/daily/activity"):
        table = await as_csv(control, path, **SPAN)
        assert sum(nano(float(one["spend"] or 0)) for one in table) == sum(costs)


async def as_csv(control: Control, path: str, **query: Any) -> list[dict[str, str]]:
    async with control.asked() as client:
        answer = await client.get(path, params=query, headers={"accept": "text/csv"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


SUMS: tuple[Callable[..., Any], ...] = (services, globals_, tags, activity, reports)


@pytest.mark.parametrize("few", [breakdown.FEW_ROWS, 0])
@given(rows=records)
@settings(
    max_examples=12, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
async def test_every_path_says_what_the_requests_come_to(control: Control, few: int, rows: list[Record]) -> None:
    """Args: few: sums by everything that an answer has in full."""
    await write(control.database, rows)
    with statements(control) as sent, mock.patch.object(breakdown, "FEW_ROWS", few):
        for check in SUMS:
            await check(control, rows)
        assert [one for one in sent if "usage_records" in one] == []
        assert len([one for one in sent if "usage_d" in one]) > 20
        await logs(control, rows)


@contextmanager
def statements(control: Control) -> Iterator[list[str]]:
    """What is asked of the database inside."""
    engine, sent = control.database._readers.sync_engine, []

    def executed(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", executed)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", executed)
