"""What time it is, and how long a duration like `30d` lasts. All instants are aware and in UTC."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from routeiq.kit.errors import InvalidRequest

Clock = Callable[[], datetime]
"""Gives the present instant. Tests have their own."""

_TEXT = re.compile(r"([0-9]{1,9})(s|m|h|d|w|mo)")
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


def _months_after(moment: datetime, count: int) -> datetime:
    years, month = divmod(moment.month - 1 + count, 12)
    year, month = moment.year + years, month + 1
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day)
