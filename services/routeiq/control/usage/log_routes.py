"""`/spend/logs` and `/spend/logs/v2`, which LiteLLM's dashboard knows as `/spend/logs/ui`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from routeiq.control.errors import Detailed, Refused
from routeiq.control.fields import Name
from routeiq.control.keys.tokens import hash_of
from routeiq.control.office import Office
from routeiq.control.refusals import refusals
from routeiq.control.store.usage_logs import LogFilter
from routeiq.control.usage import logs
from routeiq.control.usage.csv_answers import DESCRIBED, AsCSV, csv_answer
from routeiq.control.usage.json_answers import json_answer
from routeiq.control.usage.log_shapes import CSV_HEAD, LogPage, LogRow
from routeiq.control.usage.spans import Day, KeyText, moment, span_of, wrong
from routeiq.kit.money import MAX_NANO_USD, NANO, from_usd

TAG = "Budget & Spend Tracking"
TRUNCATED = "x-litellm-spend-logs-truncated"
Text = Annotated[Name | None, Query()]
Money = Annotated[float | None, Query(ge=0, le=MAX_NANO_USD // NANO, allow_inf_nan=False)]


def log_router(office: Office) -> APIRouter:
    router = APIRouter(tags=[TAG], responses=refusals(400, 401) | DESCRIBED)
    _newest(router, office)
    _pages(router, office)
    return router


def asked(
    api_key: KeyText = None, user_id: Text = None, request_id: Text = None, start_date: Day = None, end_date: Day = None
) -> logs.Asked:
    """Raises: Refused."""
    with first_shape():
        span = None if start_date is None and end_date is None else span_of(start_date, end_date)
    return logs.Asked(api_key, user_id, request_id, span)


def filtered(
    start_date: Day = None,
    end_date: Day = None,
    api_key: KeyText = None,
    user_id: Text = None,
    request_id: Text = None,
    team_id: Text = None,
    end_user: Text = None,
    model: Text = None,
    model_id: Text = None,
    model_group: Text = None,
    key_alias: Text = None,
    error_code: Annotated[int | None, Query(ge=100, le=599)] = None,
    status_filter: Literal["success", "failure"] | None = None,
    cache_hit_filter: Literal["hit", "miss"] | None = None,
    min_spend: Money = None,
    max_spend: Money = None,
) -> LogFilter:
    """Raises: Refused."""
    wanted = LogFilter(
        key_hash=None if api_key is None else hash_of(api_key), key_alias=key_alias, user_id=user_id, team_id=team_id,
        customer_id=end_user, request_id=request_id, model=model, deployment_id=model_id, group=model_group,
        status=error_code, failed=None if status_filter is None else status_filter == "failure",
        cached=None if cache_hit_filter is None else cache_hit_filter == "hit",
        least_nano_usd=None if min_spend is None else from_usd(min_spend),
        most_nano_usd=None if max_spend is None else from_usd(max_spend),
    )  # fmt: skip
    with first_shape():
        return _between(wanted, start_date, end_date)


@contextmanager
def first_shape() -> Iterator[None]:
    """These paths refuse in LiteLLM's first shape."""
    try:
        yield
    except Detailed as error:
        raise Refused(error.status, error.message, "bad_request", param="None") from None


def _between(wanted: LogFilter, start: str | None, end: str | None) -> LogFilter:
    if start is None or end is None:
        if wanted.request_id is not None and start is end:
            return wanted
        raise wrong("Start date and end date are required")
    since, until = moment(start, ends=False), moment(end, ends=True)
    logs.check_window(since, until)
    return replace(wanted, since=since, until=until)


def _newest(router: APIRouter, office: Office) -> None:
    @router.get("/spend/logs", response_model=list[LogRow | logs.Summary])
    async def newest(
        request: Request,
        as_csv: AsCSV,
        wanted: Annotated[logs.Asked, Depends(asked)],
        summarize: bool = True,
    ) -> Response:
        """With dates, what each day comes to, unless `summarize=false`. As CSV always requests, and all."""
        if as_csv:
            return await _export(office, request, wanted.filter())
        async with office.read(request) as work:
            if wanted.span is not None and summarize:
                return json_answer(await logs.by_day(work, wanted, wanted.span))
            rows, more = await logs.newest(work, wanted.filter())
        return Response(rows, headers={TRUNCATED: "true"} if more else None, media_type="application/json")


def _pages(router: APIRouter, office: Office) -> None:
    @router.get("/spend/logs/v2", response_model=LogPage)
    @router.get("/spend/logs/ui", response_model=LogPage)
    async def pages(
        request: Request,
        as_csv: AsCSV,
        wanted: Annotated[LogFilter, Depends(filtered)],
        page: Annotated[int, Query(ge=1, le=logs.MOST_ROWS)] = 1,
        page_size: Annotated[int, Query(ge=1, le=1000)] = 50,
        sort_by: Annotated[Name, Query()] = "startTime",
        sort_order: Annotated[Name, Query()] = "desc",
    ) -> Response | LogPage:
        if as_csv:
            return await _export(office, request, wanted)
        async with office.read(request) as work:
            return await logs.page(work, wanted, page, page_size, sort_by, sort_order)


async def _export(office: Office, request: Request, wanted: LogFilter) -> Response:
    async with office.read(request) as work:
        wanted = await logs.seen(work, wanted)
    return await csv_answer("spend-logs", CSV_HEAD, logs.export(office.reading, wanted))
