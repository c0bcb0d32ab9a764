"""When a budget begins anew, on LiteLLM's calendar boundaries, in the zone and at the time of day that are set;
and when the period began that it is in.

    1d        the next day                 30d, 1mo   the first of the next month
    7d, 1w    the next Monday              Nmo        the first of the Nth month after this one
    Nd, Nw    N days, or weeks, after today
    Nh Nm Ns  the next multiple of it since midnight; at midnight at the latest if it is shorter than a day

Source: LiteLLM 1.106.2, `budget_reset_time` and `timezone`. It aligns minutes within the hour, we align them within the
day, which differs for those that do not divide an hour; and it knows no more than one month.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from routeiq.kit.clock import MONTH, Duration, duration_of, time_of_day, zone_of

MIDNIGHT = time(0, 0)
DAY = timedelta(days=1)
_THIRTY_DAYS = Duration(30, "d")
"""LiteLLM's clients write a month so."""
_LONGEST_AWAY = timedelta(days=3650)
"""One that has been over for longer is taken to have ended so long ago: nobody counts days from the year 1."""


def next_reset(duration: str, now: datetime, zone: tzinfo = UTC, at: time = MIDNIGHT) -> datetime:
    """Always after `now`, in UTC. Args: at: of the day, in that zone; shorter periods than a day do not heed it.

    Raises: NotADuration."""
    length = duration_of(duration)
    today = now.astimezone(zone).date()
    if length.unit in ("s", "m", "h"):
        return _within_day(length.at_least, now.astimezone(UTC), today, zone)
    if length.unit == MONTH or length == _THIRTY_DAYS:
        return _first_of_month(1 if length == _THIRTY_DAYS else length.count, now, today, zone, at)
    return _on_day(length.at_least // DAY, now, today, zone, at)


def last_reset(duration: str, now: datetime, zone: tzinfo = UTC, at: time = MIDNIGHT) -> datetime:
    """When the period began that `next_reset` ends; for periods that are counted from today, today. Not after `now`.

    Raises: NotADuration."""
    length, end = duration_of(duration), next_reset(duration, now, zone, at)
    local = end.astimezone(zone).date()
    if length.unit in ("s", "m", "h"):
        midnight = _instant(now.astimezone(zone).date(), MIDNIGHT, zone)
        begun = midnight + (now - midnight) // length.at_least * length.at_least
    elif length.unit == MONTH or length == _THIRTY_DAYS:
        months = 1 if length == _THIRTY_DAYS else length.count
        years, month = divmod(local.month - 1 - months, 12)
        begun = _instant(date(max(local.year + years, 1), month + 1, 1), at, zone)
    else:
        begun = _instant(local - length.at_least // DAY * DAY, at, zone)
    return min(begun.astimezone(UTC), now)


def turned(
    duration: str, ended: datetime, now: datetime, zone: tzinfo = UTC, at: time = MIDNIGHT
) -> tuple[datetime, datetime]:
    """Of a schedule whose period has `ended`, the one that holds `now`: when it began, and when it ends. Whoever asks
    is told the same all through a period, also if nobody looked for several.

    Raises: NotADuration."""
    if _stands_still(duration_of(duration)):
        return max(ended, last_reset(duration, now, zone, at)), next_reset(duration, now, zone, at)
    begun = max(ended, now - _LONGEST_AWAY)
    while (end := next_reset(duration, begun, zone, at)) <= now:
        begun = end
    return begun, end


def _stands_still(length: Duration) -> bool:
    """Whether its boundaries are the same, whenever one counts from."""
    if length.unit in ("s", "m", "h"):
        return length.at_least < DAY
    return length == _THIRTY_DAYS or length.at_least // DAY in (1, 7) or length == Duration(1, MONTH)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The same as the document's `litellm_settings` want it."""

    zone: tzinfo = UTC
    at: time = MIDNIGHT

    def __call__(self, duration: str, now: datetime) -> datetime:
        """`next_reset`."""
        return next_reset(duration, now, self.zone, self.at)

    def began(self, duration: str, now: datetime) -> datetime:
        """`last_reset`."""
        return last_reset(duration, now, self.zone, self.at)

    def turned(self, duration: str, ended: datetime, now: datetime) -> tuple[datetime, datetime]:
        return turned(duration, ended, now, self.zone, self.at)

    @classmethod
    def of(cls, timezone: str, budget_reset_time: str) -> Calendar:
        """Args: as the document has them.  Raises: ValueError."""
        return cls(zone_of(timezone), time_of_day(budget_reset_time))


UTC_CALENDAR = Calendar()
"""Where the document says nothing."""


def _within_day(period: timedelta, now: datetime, today: date, zone: tzinfo) -> datetime:
    """Counted in time that passes, so that a day of 23 hours has fewer of them and none that is longer."""
    midnight = _instant(today, MIDNIGHT, zone)
    boundary = midnight + ((now - midnight) // period + 1) * period
    return boundary if period >= DAY else min(boundary, _instant(today + DAY, MIDNIGHT, zone))


def _on_day(days: int, now: datetime, today: date, zone: tzinfo, at: time) -> datetime:
    """The first day that is one of the period's, from today on; days in a row and Mondays have one already begun."""
    first = {1: today, 7: today + (7 - today.weekday()) % 7 * DAY}.get(days, today + days * DAY)
    boundary = _instant(first, at, zone)
    return boundary if boundary > now else _instant(first + days * DAY, at, zone)


def _first_of_month(months: int, now: datetime, today: date, zone: tzinfo, at: time) -> datetime:
    """Before its time of day, the first of a month belongs to the month before."""
    begun = _instant(today.replace(day=1), at, zone) <= now
    years, month = divmod(today.month - 1 + months - (not begun), 12)
    return _instant(date(today.year + years, month + 1, 1), at, zone)


def _instant(day: date, at: time, zone: tzinfo) -> datetime:
    """Of two times with that name the first; of one that the clocks leave out, when they do."""
    return datetime.combine(day, at, zone).astimezone(UTC)
