"""`/api/v1/usage/*`: for services and administrators (contract, section 4). Days are those of UTC, today among them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from routeiq.control.gateway_api import PREFIX, admit, refusals
from routeiq.control.office import Office, Read
from routeiq.control.store.usage_days import by_name, total
from routeiq.control.store.usage_sums import COUNTED, USED
from routeiq.control.usage import service_shapes as shapes
from routeiq.control.usage.csv_answers import DESCRIBED, AsCSV, csv_answer, one_page
from routeiq.control.usage.spans import last_days

TIMED = (*USED, "timed", "latency_us")

Days = Annotated[int, Query(ge=1, le=365)]
Limit = Annotated[int, Query(ge=1, le=500)]


def service_usage_router(office: Office) -> APIRouter:
    router = APIRouter(prefix=f"{PREFIX}/usage", tags=["LLM Gateway API"], responses=refusals() | DESCRIBED)

    @asynccontextmanager
    async def read(request: Request) -> AsyncIterator[Read]:
        async with office.read(request) as work:
            admit(work.actor)
            yield work

    @router.get("/summary", response_model=shapes.Summary)
    async def summary(request: Request, as_csv: AsCSV, days: Days = 30) -> Response | shapes.Summary:
        async with read(request) as work:
            found = shapes.summary(days, await total(work.session, last_days(work.now, days)))
        return await _table(shapes.Summary, [found]) if as_csv else found

    @router.get("/by-provider", response_model=list[shapes.ByProvider])
    async def by_provider(request: Request, as_csv: AsCSV, days: Days = 30) -> Response | list[shapes.ByProvider]:
        async with read(request) as work:
            rows = await by_name(work.session, "provider", last_days(work.now, days), TIMED)
        found = [shapes.by_provider(row) for row in rows]
        return await _table(shapes.ByProvider, found) if as_csv else found

    @router.get("/by-service", response_model=list[shapes.ByService])
    async def by_service(request: Request, as_csv: AsCSV, days: Days = 30) -> Response | list[shapes.ByService]:
        async with read(request) as work:
            rows = await by_name(work.session, "service", last_days(work.now, days), USED)
        found = [shapes.by_service(row) for row in rows]
        return await _table(shapes.ByService, found) if as_csv else found

    @router.get("/by-customer", response_model=list[shapes.ByCustomer])
    async def by_customer(
        request: Request, as_csv: AsCSV, days: Days = 30, limit: Limit = 50
    ) -> Response | list[shapes.ByCustomer]:
        async with read(request) as work:
            rows = await by_name(work.session, "customer", last_days(work.now, days), COUNTED, most=limit)
        found = [shapes.by_customer(row) for row in rows]
        return await _table(shapes.ByCustomer, found) if as_csv else found

    return router


async def _table(shape: type[BaseModel], found: Sequence[BaseModel]) -> Response:
    rows = [list(one.model_dump().values()) for one in found]
    return await csv_answer("usage", list(shape.model_fields), one_page(rows))
