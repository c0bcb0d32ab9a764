"""In which period of its budget a holder is, and what it spent in that.

A period's number is the time at which it began, in milliseconds since 1970, or one more than the last: it so grows with
each, whoever begins one, and whoever looks first finds the same. 0: it began with its holder.

A holder's `budget_reset_at` is the end of the period that its `spend_nano_usd` belongs to. Where it has none, and no
duration of its own, that is the end of the shared budget's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from routeiq.control.store.standings import Standing
from routeiq.control.store.tables import Budget, Key, Member, ModelSpend, Team, User

Holder = Key | User | Team | Member
_MS = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SKEW = timedelta(minutes=1)
"""A gateway's clock may be behind by that, and its first requests for somebody new count."""


class Turns(Protocol):
    """The part of `calendar.Calendar` that knows how periods follow each other."""

    def __call__(self, duration: str, now: datetime) -> datetime: ...
    def began(self, duration: str, now: datetime) -> datetime: ...
    def turned(self, duration: str, ended: datetime, now: datetime) -> tuple[datetime, datetime]: ...


class Schedule(NamedTuple):
    """None: it never begins anew."""

    duration: str | None = None
    reset_at: datetime | None = None


class Period(NamedTuple):
    """`number`: see above. `reset_at`: its end; None: it has none."""

    number: int
    spent_nano_usd: int
    reset_at: datetime | None

    @property
    def began_us(self) -> int:
        """Microseconds since 1970."""
        return self.number * 1000


def schedule_of(row: Holder, shared: Budget | None) -> Schedule:
    """A key's own comes before that of the budget it shares; members have none of their own."""
    if not isinstance(row, Member) and row.budget_duration is not None:
        return Schedule(row.budget_duration, row.budget_reset_at)
    return Schedule() if shared is None else Schedule(shared.budget_duration, shared.budget_reset_at)


def period_of(row: Holder | ModelSpend | Standing, schedule: Schedule, now: datetime, calendar: Turns) -> Period:
    """The one that holds `now`, whether or not anybody has begun it."""
    number, spent = row.budget_period or 0, row.spend_nano_usd or 0
    ends = row.budget_reset_at or schedule.reset_at
    if schedule.duration is None or ends is None:
        return Period(number, spent, None)
    if ends > now:
        return Period(number, spent, ends)
    began, ends = calendar.turned(schedule.duration, ends, now)
    return Period(max(number + 1, number_of(began)), 0, ends)


def model_period(row: ModelSpend | None, duration: str | None, now: datetime, calendar: Turns) -> Period:
    """Of a key's budget for a model. Args: row: None: nothing was spent on it yet; its period is the calendar's."""
    if row is not None:
        return period_of(row, Schedule(duration), now, calendar)
    if duration is None:
        return Period(0, 0, None)
    return Period(number_of(calendar.began(duration, now)), 0, calendar(duration, now))


def begin(row: Holder | ModelSpend, schedule: Schedule, now: datetime, calendar: Turns) -> bool:
    """Put the holder into the period that holds `now`. Returns: whether that is a new one."""
    period = period_of(row, schedule, now, calendar)
    if period.number == (row.budget_period or 0):
        return False
    row.budget_period, row.spend_nano_usd, row.budget_reset_at = period
    return True


def set_spend(row: Holder, nano_usd: int, now: datetime) -> None:
    """Of an administrator. What sets it back begins a period that ends with this one: what ended before is settled."""
    if nano_usd < (row.spend_nano_usd or 0):
        row.budget_period = max((row.budget_period or 0) + 1, number_of(now))
    row.spend_nano_usd = nano_usd


def first_number(now: datetime) -> int:
    """Of somebody new, who may have the name of somebody that was deleted."""
    return number_of(now - _SKEW)


def number_of(began: datetime) -> int:
    return max((began - _EPOCH) // _MS, 0)
