"""`/spend/logs` and its pages."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from tests.support.ledger import record, write
from tests.support.people import ADMIN, NOW, Control

DAY = {"start_date": "2026-11-21", "end_date": "2026-11-21"}
KEY = "sk-a-key-of-somebody"
HASH = hashlib.sha256(KEY.encode()).hexdigest()


async def test_a_row_is_litellms(control: Control) -> None:
    made = await control.post("/key/generate", {"key_alias": "mine", "user_id": "u1"})
    one = record(
        key_hash=made["token"], user_id="u1", team_id="t1", customer_id="c1", tags=["a"], took_s=1.5, stream=True,
        details={"first_data_us": 500_000, "cache_read_tokens": 2}, endpoint="embeddings", requested_model="best",
    )  # fmt: skip
    await write(control.database, [one])
    [row] = await control.get("/spend/logs")
    metadata = row.pop("metadata")
    assert row == {
        "request_id": one["request_id"], "litellm_call_id": one["request_id"], "call_type": "aembedding",
        "api_key": made["token"], "spend": 0.000001, "total_tokens": 7, "prompt_tokens": 3, "completion_tokens": 4,
        "startTime": "2026-11-21T21:38:53.500000Z", "endTime": "2026-11-21T21:38:55Z",
        "completionStartTime": "2026-11-21T21:38:54Z", "request_duration_ms": 1500, "model": "gpt", "model_id": "d",
        "model_group": "m", "custom_llm_provider": "openai", "api_base": "", "user": "u1", "team_id": "t1",
        "organization_id": None, "end_user": "c1", "cache_hit": "False", "cache_key": "", "request_tags": ["a"],
        "status": "success", "session_id": None, "requester_ip_address": None, "messages": {}, "response": {},
    }  # fmt: skip
    assert (metadata["user_api_key_alias"], metadata["cache_read_tokens"]) == ("mine", 2)
    assert (metadata["requested_model"], metadata["error_information"]) == ("best", None)


async def test_what_failed_and_what_nobody_knows_the_price_of(control: Control) -> None:
    await write(control.database, [record(status=502, error="upstream_failed", cost_nano_usd=None, provider_model="")])
    [row] = await control.get("/spend/logs")
    assert (row["status"], row["spend"], row["model"]) == ("failure", None, "m")
    assert row["metadata"]["error_information"] == {"error_code": "502", "error_class": "upstream_failed"}


async def test_a_key_is_asked_for_by_itself_or_its_hash(control: Control) -> None:
    await write(control.database, [record(key_hash=HASH), record(key_hash="other"), record(user_id="u1")])
    for path in ("/spend/logs", "/spend/logs/v2"):
        for given in (KEY, HASH):
            found = await control.get(path, api_key=given, **({} if path == "/spend/logs" else DAY))
            rows = found if path == "/spend/logs" else found["data"]
            assert [one["api_key"] for one in rows] == [HASH]
    assert [one["user"] for one in await control.get("/spend/logs", user_id="u1")] == ["u1"]
    [day] = await control.get("/spend/logs", **DAY, api_key=KEY)
    assert day == {
        HASH: 0.000001,
        "startTime": "2026-11-21",
        "spend": 0.000001,
        "users": {"": 1e-6},
        "models": {"m": 1e-6},
    }


async def test_a_request_is_found_by_its_id_whenever_it_was(control: Control) -> None:
    old = record(ended_at=NOW - timedelta(days=300))
    await write(control.database, [old, record()])
    assert [one["request_id"] for one in await control.get("/spend/logs", request_id=old["request_id"])] == [
        old["request_id"]
    ]
    page = await control.get("/spend/logs/ui", request_id=old["request_id"])
    assert [one["request_id"] for one in page["data"]] == [old["request_id"]]
    [day] = await control.get(
        "/spend/logs", start_date="2026-01-01", end_date="2026-01-25", request_id=old["request_id"]
    )
    assert (day["startTime"], day["spend"]) == ("2026-01-25", 0.000001)


async def test_days_without_anything_follow_the_last_one_with(control: Control) -> None:
    await write(control.database, [record(ended_at=NOW - timedelta(days=number)) for number in (4, 2)])
    days = await control.get("/spend/logs", start_date="2026-11-16", end_date="2026-11-21")
    assert [(day["startTime"], day["spend"]) for day in days] == [
        ("2026-11-17", 1e-6), ("2026-11-19", 1e-6), ("2026-11-20", 0), ("2026-11-21", 0),
    ]  # fmt: skip


async def test_the_end_of_a_day_is_in_it(control: Control) -> None:
    midnight = NOW.replace(hour=0, minute=0, second=0)
    times = [
        midnight - timedelta(microseconds=1),
        midnight,
        midnight + timedelta(days=1, microseconds=-1),
        midnight + timedelta(days=1),
    ]
    await write(control.database, [record(ended_at=at, model=f"m{number}") for number, at in enumerate(times)])
    for query in (DAY | {"summarize": False}, DAY):
        path = "/spend/logs" if "summarize" in query else "/spend/logs/v2"
        found = await control.get(path, **query)
        rows = found if isinstance(found, list) else found["data"]
        assert [one["model_group"] for one in rows] == ["m2", "m1"]


async def test_pages_filters_and_orders(control: Control) -> None:
    rows = [record(cost_nano_usd=number * 10**6, ended_at=NOW - timedelta(seconds=number), model=f"m{number % 2}",
                   status=200 if number else 429, cached=number == 1) for number in range(5)]  # fmt: skip
    await write(control.database, rows)

    async def found(**query: Any) -> list[float]:
        page = await control.get("/spend/logs/v2", **DAY, **query)
        return [round(one["spend"] * 1000) for one in page["data"]]

    assert await found() == [0, 1, 2, 3, 4]
    assert await found(page_size=2, page=2) == [2, 3]
    assert await found(sort_by="spend", sort_order="asc", page_size=2) == [0, 1]
    assert await found(sort_by="spend") == [4, 3, 2, 1, 0]
    assert await found(model_group="m1") == await found(model="m1") == [1, 3]
    assert await found(status_filter="failure") == await found(error_code=429) == [0]
    assert await found(cache_hit_filter="hit") == [1]
    assert await found(min_spend=0.002, max_spend=0.003) == [2, 3]
    page = await control.get("/spend/logs/v2", **DAY, page_size=2, page=9)
    assert (page["data"], page["total"], page["total_pages"]) == ([], 5, 3)


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("/spend/logs", {"start_date": "2026-11-21"}, 400), ("/spend/logs", {"end_date": "2026-11-21"}, 400),
        ("/spend/logs", DAY | {"start_date": "yesterday"}, 400),
        ("/spend/logs", DAY | {"start_date": "2026-02-30"}, 400),
        ("/spend/logs", {"start_date": "2026-11-22", "end_date": "2026-11-21"}, 400),
        ("/spend/logs", {"start_date": "2020-01-01", "end_date": "2026-11-21"}, 400),
        ("/spend/logs", {"start_date": "0001-01-01", "end_date": "9999-12-31"}, 400),
        ("/spend/logs", {"start_date": "2026-11-21\0", "end_date": "2026-11-21"}, 400),
        ("/spend/logs", {"user_id": "\0"}, 422), ("/spend/logs", {"summarize": "perhaps"}, 422),
        ("/spend/logs", {"format": "xml"}, 422), ("/spend/logs/v2", {}, 400),
        ("/spend/logs/v2", {"request_id": "a"}, 200),
        ("/spend/logs/v2", DAY | {"sort_by": "id"}, 400), ("/spend/logs/v2", DAY | {"sort_order": "up"}, 400),
        ("/spend/logs/v2", DAY | {"page": 201}, 400), ("/spend/logs/v2", DAY | {"page": 200}, 200),
        ("/spend/logs/v2", DAY | {"page_size": 1001}, 422), ("/spend/logs/v2", DAY | {"min_spend": "nan"}, 422),
        ("/spend/logs/v2", {"start_date": "2026-11-21 10:00:00", "end_date": "2026-11-21 09:00:00"}, 400),
        ("/spend/logs/v2", {"start_date": "2026-11-21 25:00:00", "end_date": "2026-11-21"}, 400),
    ],
)  # fmt: skip
async def test_what_may_be_asked(control: Control, path: str, query: dict[str, Any], code: int) -> None:
    said = await control.get(path, ADMIN, code, **query)
    if code == 400:
        assert (said["error"]["type"], said["error"]["code"]) == ("bad_request", "400")
    else:
        assert ("detail" in said) == (code == 422)


async def test_more_than_an_answer_holds(control: Control) -> None:
    await write(control.database, [record() for _ in range(10_001)])
    async with control.asked() as client:
        answer = await client.get("/spend/logs")
        table = await client.get("/spend/logs?format=csv")
        page = (await client.get("/spend/logs/v2", params=DAY)).json()
    assert (len(answer.json()), answer.headers["x-litellm-spend-logs-truncated"]) == (10_000, "true")
    lines = table.text.splitlines()
    assert len(set(lines)) == len(lines) == 10_002
    assert (page["total"], page["total_is_capped"], page["total_pages"]) == (10_000, True, 200)
