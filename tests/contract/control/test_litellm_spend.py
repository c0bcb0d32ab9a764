"""What LiteLLM's own client gets of spending; and daily activity by LiteLLM's own types."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from starlette.types import ASGIApp

from routeiq.control.api import create_api
from routeiq.control.office import Office
from routeiq.control.store.database import open_database
from routeiq.control.usage.routes import usage_routers
from tests.support.keyring import ADMIN, let_in
from tests.support.ledger import record, write
from tests.support.people import NOW, Told
from tests.support.threaded import served

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
DAY = "start_date=2026-11-21&end_date=2026-11-21"


@pytest.fixture
def client(control_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # it would ask the internet for one
    http = pytest.importorskip("litellm.proxy.client.http_client")
    with served(partial(_ledger, control_sqlite_url)) as url:
        yield http.HTTPClient(url, "sk-of-an-administrator")


def test_logs_are_litellms(client: Any) -> None:
    types = pytest.importorskip("litellm.proxy._types")
    [row] = client.request("GET", "/spend/logs")
    as_text = {name: json.dumps(row[name]) for name in ("metadata", "request_tags")}  # its database's form
    known = types.LiteLLM_SpendLogs(**row | as_text)
    assert (known.request_id, known.spend, datetime.fromisoformat(str(known.startTime))) == (
        row["request_id"], 0.000001, datetime(2026, 11, 21, 21, 38, 54, 750_000, UTC),
    )  # fmt: skip
    [day] = client.request("GET", f"/spend/logs?{DAY}")
    assert (day["users"], day["models"]) == ({"u1": 0.000001}, {"m": 0.000001})
    page = client.request("GET", f"/spend/logs/v2?{DAY}")
    assert page.keys() >= {"data", "total", "page", "page_size", "total_pages"}


@pytest.mark.parametrize("path", ["user", "team", "tag", "customer"])
def test_daily_activity_is_litellms(client: Any, path: str) -> None:
    types = pytest.importorskip("litellm.types.proxy.management_endpoints.common_daily_activity")
    page = types.SpendAnalyticsPaginatedResponse(**client.request("GET", f"/{path}/daily/activity?{DAY}"))
    assert (page.metadata.total_spend, page.metadata.has_more) == (0.000001, False)
    [day] = page.results
    assert day.metrics.successful_requests == 1
    [entity] = day.breakdown.entities.values()
    assert entity.metrics.total_tokens == 7


@asynccontextmanager
async def _ledger(url: str) -> AsyncIterator[ASGIApp]:
    database = open_database(url)
    try:
        await write(database, [record(user_id="u1", team_id="t1", tags=["a"], customer_id="c1")])
        office = Office(database, Told(), lambda: NOW)  # type: ignore[arg-type]  # it publishes
        yield let_in(create_api(usage_routers(office)), ADMIN)
    finally:
        await database.close()
