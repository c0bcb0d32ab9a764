"""`/global/spend*` for administrators and viewers, and `/global/activity*`, where a user sees its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from routeiq.control.fields import Body, Moment, Name
from routeiq.control.keys.tokens import hash_of
from routeiq.control.office import Office, Read
from routeiq.control.refusals import refusals
from routeiq.control.store.usage_days import names_of
from routeiq.control.store.usage_sums import Span
from routeiq.control.usage import global_shapes as shapes
from routeiq.control.usage import spend, totals
from routeiq.control.usage.json_answers import json_answer
from routeiq.control.usage.log_routes import TAG, first_shape
from routeiq.control.usage.reset import reset_spend
from routeiq.control.usage.spans import MONTH_DAYS, Day, KeyText, checked, last_days, span_of, wrong
from routeiq.kit.money import to_usd

Reader = Callable[[Request], AbstractAsyncContextManager[Read]]
Limit = Annotated[int | None, Query(ge=1, le=10_000)]
TOP_CUSTOMERS = 100


class CustomersQuery(Body):
    """`startTime` and `endTime` name days: both are in it."""

    api_key: Name | None = None
    startTime: Moment | None = None
    endTime: Moment | None = None

    def span(self, now: datetime) -> Span:
        """Raises: Detailed."""
        month = last_days(now, MONTH_DAYS)
        first = month.first if self.startTime is None else self.startTime.astimezone(UTC).date()
        return checked(Span(first, month.last if self.endTime is None else self.endTime.astimezone(UTC).date()))


def global_router(office: Office) -> APIRouter:
    router = APIRouter(tags=[TAG], responses=refusals(400, 401))

    @asynccontextmanager
    async def read(request: Request) -> AsyncIterator[Read]:
        async with office.read(request) as work:
            work.actor.need_reader()
            yield work

    _totals(router, read)
    _named(router, read)
    _activity(router, office)

    @router.post("/global/spend/reset")
    async def reset(request: Request, response: Response) -> shapes.Reset:
        async with office.write(request, response, "spend.reset") as work:
            return await reset_spend(work)

    return router


def _totals(router: APIRouter, read: Reader) -> None:
    """Of the last 30 days."""

    @router.get("/global/spend")
    async def everything(request: Request) -> shapes.GlobalSpend:
        async with read(request) as work:
            return await totals.spent(work.session, last_days(work.now, MONTH_DAYS))

    @router.get("/global/spend/logs")
    async def days(request: Request, api_key: KeyText = None) -> list[shapes.KeyDaySpend] | list[shapes.DaySpend]:
        async with read(request) as work:
            span = last_days(work.now, MONTH_DAYS)
            if api_key is None:
                return await totals.days(work.session, span)
            return await totals.days_of_key(work.session, span, hash_of(api_key))

    @router.get("/global/spend/keys", response_model=list[shapes.KeySpend])
    async def keys(request: Request, limit: Limit = None) -> Response:
        async with read(request) as work:
            return json_answer(await totals.keys(work.session, last_days(work.now, MONTH_DAYS), limit))

    @router.get("/global/spend/models")
    async def models(request: Request, limit: Limit = 10) -> list[shapes.ModelSpend]:
        async with read(request) as work:
            return await totals.models(work.session, last_days(work.now, MONTH_DAYS), limit or 10)

    @router.get("/global/spend/teams")
    async def teams(request: Request) -> shapes.TeamsSpend:
        async with read(request) as work:
            return await totals.teams(work.session, last_days(work.now, MONTH_DAYS))


def _named(router: APIRouter, read: Reader) -> None:
    @router.get("/global/spend/provider")
    async def providers(request: Request, start_date: Day = None, end_date: Day = None) -> list[shapes.ProviderSpend]:
        async with read(request) as work:
            return await totals.providers(work.session, span_of(start_date, end_date))

    @router.get("/global/spend/tags")
    async def tags(
        request: Request,
        start_date: Day = None,
        end_date: Day = None,
        tags: Annotated[str | None, Query(max_length=10_000)] = None,
    ) -> shapes.TagsSpend:
        """`tags`: with commas between; all of them without, or with `all-tags`."""
        names = tags.split(",") if tags and "all-tags" not in tags.split(",") else None
        async with read(request) as work:
            with first_shape():
                span = span_of(start_date, end_date)
            found = await spend.tags(work, span, names)
        return shapes.TagsSpend(
            spend_per_tag=[
                shapes.NamedTag(name=tag, spend=to_usd(sums.cost_nano_usd), log_count=sums.requests)
                for tag, sums in found
            ]
        )

    @router.get("/global/spend/all_tag_names")
    async def tag_names(request: Request) -> shapes.TagNames:
        async with read(request) as work:
            return shapes.TagNames(tag_names=await names_of(work.session, "tag", totals.MOST))

    @router.get("/global/all_end_users")
    async def customer_names(request: Request) -> shapes.CustomerNames:
        async with read(request) as work:
            return shapes.CustomerNames(end_users=await names_of(work.session, "customer", totals.MOST))

    @router.post("/global/spend/end_users")
    async def customers(request: Request, body: CustomersQuery | None = None) -> list[shapes.CustomerSpend]:
        """Those that cost most."""
        asked = body or CustomersQuery()
        async with read(request) as work:
            if asked.api_key is not None:
                raise wrong("api_key: what customers spend is not kept by key. Ask /spend/logs/v2 for its requests.")
            return await totals.customers(work.session, asked.span(work.now), TOP_CUSTOMERS)


def _activity(router: APIRouter, office: Office) -> None:
    @router.get("/global/activity")
    async def activity(request: Request, start_date: Day = None, end_date: Day = None) -> shapes.Activity:
        async with office.read(request) as work:
            return await totals.activity(work, span_of(start_date, end_date))

    @router.get("/global/activity/model")
    async def by_model(request: Request, start_date: Day = None, end_date: Day = None) -> list[shapes.ModelActivity]:
        async with office.read(request) as work:
            return await totals.activity_by_model(work, span_of(start_date, end_date))
