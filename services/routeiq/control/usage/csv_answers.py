"""Tables as CSV (RFC 4180), as they are read: a page of rows at a time, whatever their number.

What a spreadsheet would take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from fastapi.responses import StreamingResponse

MEDIA_TYPE = "text/csv"
_FORMULAS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")

Rows = Iterable[Sequence[object]]
FormatQuery = Annotated[
    Literal["json", "csv"] | None, Query(alias="format", description="csv, also asked for by `Accept: text/csv`")
]


def _wants_csv(request: Request, form: FormatQuery = None) -> bool:
    if form is not None:
        return form == "csv"
    accepted = request.headers.get("accept", "").split(",")
    return any(one.partition(";")[0].strip().lower() == MEDIA_TYPE for one in accepted)


AsCSV = Annotated[bool, Depends(_wants_csv)]
DESCRIBED: dict[int | str, dict[str, Any]] = {200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}}
"""For the description of a route that answers either way."""


async def csv_answer(name: str, head: Sequence[str], pages: AsyncIterator[Rows]) -> StreamingResponse:
    """The first page is read before it begins, so that what goes wrong has a status of its own.

    Args: name: of the file that a browser makes of it.  pages: the others are read while it is sent."""
    first = await anext(pages, ())
    headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(_lines([head, *first], pages), media_type=f"{MEDIA_TYPE}; charset=utf-8", headers=headers)


async def one_page(rows: Rows) -> AsyncIterator[Rows]:
    yield rows


def csv_text(rows: Rows) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


async def _lines(first: Rows, pages: AsyncIterator[Rows]) -> AsyncIterator[str]:
    yield csv_text(first)
    async for rows in pages:
        yield csv_text(rows)


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"  # money without an exponent
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULAS):
        return f"'{value}"
    return value
