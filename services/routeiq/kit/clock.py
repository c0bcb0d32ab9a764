"""What time it is, how long a duration like `30d` lasts, and which time zones there are. All instants are aware and in
UTC."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from routeiq.kit.errors import InvalidRequest

Clock = Callable[[], datetime]
"""Gives the present instant. Tests have their own."""

_TEXT = re.compile(r"([0-9]{1,9})(s|m|h|d|w|mo)")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5]?[0-9])(?::([0-5]?[0-9]))?")
_UNITS = {
    "s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}  # fmt: skip
MONTH = "mo"
MOST = timedelta(days=365 * 1000)


class NotADuration(InvalidRequest, ValueError):
    """A ValueError too, so that pydantic takes it."""

    code = "invalid_duration"


def now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Duration:
    """`count` of a `unit`: s, m, h, d, w or mo."""

    count: int
    unit: str

    def after(self, moment: datetime) -> datetime:
        """A month later is the same day of that month, or its last (31 January + 1mo: 28 February)."""
        if self.unit == MONTH:
            return _months_after(moment, self.count)
        return moment + self.count * _UNITS[self.unit]

    @property
    def at_least(self) -> timedelta:
        """Its length; of a month the shortest."""
        return self.count * (timedelta(days=28) if self.unit == MONTH else _UNITS[self.unit])

    @property
    def about(self) -> timedelta:
        """Its length, to compare it with others; a month has thirty days."""
        return self.count * (timedelta(days=30) if self.unit == MONTH else _UNITS[self.unit])

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"


def duration_of(text: str) -> Duration:
    """`30s`, `30m`, `30h`, `30d`, `1w`, `1mo`. Raises: NotADuration: also for none at all, and a thousand years."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise NotADuration("a duration is a number and one of s, m, h, d, w, mo, for example 30d")
    duration = Duration(int(match[1]), match[2])
    if not duration.count:
        raise NotADuration("a duration is longer than nothing")
    if duration.at_least > MOST:
        raise NotADuration("a duration is shorter than a thousand years")
    return duration


def zone_of(name: str) -> tzinfo:
    """`Europe/Berlin`. Raises: ValueError: none that is known here."""
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone like Europe/Berlin") from None


def time_of_day(text: str) -> time:
    """`06:30` or `06:30:15`. Raises: ValueError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError('is not a time of day like "06:30", in quotes')
    return time(int(match[1]), int(match[2]), int(match[3] or 0))


def _months_after(moment: datetime, count: int) -> datetime:
    years, month = divmod(moment.month - 1 + count, 12)
    year, month = moment.year + years, month + 1
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day)
