"""The days and moments that a request names."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator

from routeiq.control.errors import Detailed
from routeiq.control.store.usage_sums import Span
from routeiq.kit.storable import check_storable

MOST_DAYS = 400
"""In one answer."""
MONTH_DAYS = 30
"""What LiteLLM's paths without dates look back."""
MISSING = "Please provide start_date and end_date"

KeyText = Annotated[str | None, Query(min_length=1, max_length=512), AfterValidator(check_storable)]
"""A key, or its hash."""
Day = Annotated[str | None, Query(max_length=32, description="YYYY-MM-DD, in UTC, included")]


def span_of(start: str | None, end: str | None, missing: str = MISSING) -> Span:
    """Raises: Detailed."""
    if start is None or end is None:
        raise wrong(missing)
    return checked(Span(_day(start, "start_date"), _day(end, "end_date")))


def checked(span: Span) -> Span:
    """Raises: Detailed: it ends before it begins, or is longer than anybody can read."""
    if span.last < span.first:
        raise wrong("start_date must be on or before end_date")
    if (span.last - span.first).days >= MOST_DAYS:
        raise wrong(f"Date range too large; maximum is {MOST_DAYS} days")
    return span


def last_days(now: datetime, days: int) -> Span:
    """Today is one of them."""
    today = now.astimezone(UTC).date()
    return Span(today - timedelta(days=days - 1), today)


def bounds(span: Span) -> tuple[datetime, datetime]:
    """Its first moment, and the first one after it."""
    return datetime.combine(span.first, time.min, UTC), datetime.combine(span.last + timedelta(1), time.min, UTC)


def moment(text: str, *, ends: bool) -> datetime:
    """`YYYY-MM-DD HH:MM:SS`, or a day. Args: ends: as the end of a window, which it is in: the moment after it.

    Raises: Detailed."""
    parsed, lasts = _parsed(text.strip(), "%Y-%m-%d %H:%M:%S"), timedelta(seconds=1)
    if parsed is None:
        parsed, lasts = _parsed(text.strip(), "%Y-%m-%d"), timedelta(days=1)
    if parsed is None:
        raise wrong(f"Invalid date format: {text[:32]}. Expected: 'YYYY-MM-DD' or 'YYYY-MM-DD HH:MM:SS'")
    return parsed + lasts if ends else parsed


def wrong(text: str) -> Detailed:
    return Detailed(400, {"error": text})


def _day(text: str, name: str) -> date:
    parsed = _parsed(text, "%Y-%m-%d")
    if parsed is None:
        raise wrong(f"{name} must be in YYYY-MM-DD format. Received: {text[:32]}")
    return parsed.date()


def _parsed(text: str, form: str) -> datetime | None:
    """None: it is no date, or none of an age in which anything was used."""
    try:
        parsed = datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None
    return parsed if 1970 <= parsed.year <= 9998 else None
