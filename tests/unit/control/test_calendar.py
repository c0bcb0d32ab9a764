"""When budgets begin anew."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.control.budgets.calendar import Calendar, last_reset, next_reset, turned
from routeiq.kit.clock import NotADuration, duration_of

SATURDAY = datetime(2026, 11, 21, 21, 38, 55, 123, UTC)
BERLIN = ZoneInfo("Europe/Berlin")

# Beside ordinary ones: half hours, clocks that leave midnight out, that leave out a whole day, that go back at one.
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia", "Asia/Beirut", "Africa/Cairo",
         "America/Havana", "Australia/Lord_Howe")  # fmt: skip
zones = st.sampled_from(ZONES).map(ZoneInfo)
moments = st.datetimes(datetime(1971, 1, 1), datetime(2500, 1, 1), timezones=st.just(UTC))
times = st.times().map(lambda at: at.replace(microsecond=0))
durations = st.builds(
    "{}{}".format, st.integers(1, 400), st.sampled_from(["s", "m", "h", "d", "w", "mo"])
) | st.sampled_from(["30d", "7d", "1w", "1mo", "1d", "86400s", "24h", "90m"])


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        ("1d", datetime(2026, 11, 22)),
        ("2d", datetime(2026, 11, 23)),
        ("7d", datetime(2026, 11, 23)),
        ("1w", datetime(2026, 11, 23)),
        ("2w", datetime(2026, 12, 5)),
        ("30d", datetime(2026, 12, 1)),
        ("1mo", datetime(2026, 12, 1)),
        ("2mo", datetime(2027, 1, 1)),
        ("14mo", datetime(2028, 1, 1)),
        ("45d", datetime(2027, 1, 5)),
        ("1h", datetime(2026, 11, 21, 22)),
        ("6h", datetime(2026, 11, 22)),
        ("5h", datetime(2026, 11, 22)),
        ("30h", datetime(2026, 11, 22, 6)),
        ("24h", datetime(2026, 11, 22)),
        ("15m", datetime(2026, 11, 21, 21, 45)),
        ("30s", datetime(2026, 11, 21, 21, 39)),
    ],
)
def test_boundaries_are_those_of_the_calendar(duration: str, expected: datetime) -> None:
    assert next_reset(duration, SATURDAY) == expected.replace(tzinfo=UTC)


@pytest.mark.parametrize("duration", ["1d", "7d", "30d", "1mo", "1h", "30m", "30s"])
def test_a_period_that_begins_now_ends_a_whole_period_later(duration: str) -> None:
    monday_the_first = datetime(2027, 2, 1, tzinfo=UTC)
    assert next_reset(duration, monday_the_first) > monday_the_first
    assert next_reset(duration, monday_the_first) == next_reset(duration, monday_the_first + timedelta(seconds=1))


def test_days_begin_at_midnight_of_the_zone() -> None:
    assert next_reset("1d", SATURDAY, BERLIN) == datetime(2026, 11, 21, 23, tzinfo=UTC)
    assert next_reset("30d", SATURDAY, BERLIN) == datetime(2026, 11, 30, 23, tzinfo=UTC)


def test_days_weeks_and_months_begin_at_the_time_of_day() -> None:
    at = time(6, 30)
    assert next_reset("1d", datetime(2026, 11, 21, 6, tzinfo=UTC), at=at) == datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
    assert next_reset("7d", datetime(2026, 11, 23, 6, tzinfo=UTC), at=at) == datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
    assert next_reset("1mo", datetime(2026, 12, 1, 6, tzinfo=UTC), at=at) == datetime(2026, 12, 1, 6, 30, tzinfo=UTC)
    assert next_reset("1mo", datetime(2026, 12, 1, 7, tzinfo=UTC), at=at) == datetime(2027, 1, 1, 6, 30, tzinfo=UTC)


def test_a_day_of_23_hours_still_ends_at_midnight() -> None:
    before_summer_time = datetime(2026, 3, 29, 19, tzinfo=UTC)
    assert next_reset("6h", before_summer_time, BERLIN) == datetime(2026, 3, 29, 22, tzinfo=UTC)


@given(durations, moments, zones, times)
def test_a_reset_is_in_the_future_and_in_utc(duration: str, now: datetime, zone: ZoneInfo, at: time) -> None:
    reset = next_reset(duration, now, zone, at)
    assert reset > now
    assert reset.tzinfo is UTC


@given(durations, moments, zones, times)
def test_no_period_is_longer_than_it_says(duration: str, now: datetime, zone: ZoneInfo, at: time) -> None:
    length = duration_of(duration)
    a_change_of_clocks = timedelta(days=1, hours=2)
    longest = max(length.at_least, timedelta(days=31 * length.count if length.unit == "mo" else 0))
    longest = max(longest, timedelta(days=31) if duration == "30d" else longest)
    assert next_reset(duration, now, zone, at) - now <= longest + a_change_of_clocks


@given(durations, moments, zones, times, st.timedeltas(timedelta(0), timedelta(days=40)))
def test_later_moments_never_have_earlier_resets(
    duration: str, now: datetime, zone: ZoneInfo, at: time, later: timedelta
) -> None:
    assert next_reset(duration, now, zone, at) <= next_reset(duration, now + later, zone, at)


@given(st.sampled_from(["1d", "7d", "1w", "30d", "1mo", "1h", "30m", "10s"]), moments, zones, times)
def test_until_the_reset_it_stays_the_same(duration: str, now: datetime, zone: ZoneInfo, at: time) -> None:
    reset = next_reset(duration, now, zone, at)
    assert next_reset(duration, reset - timedelta(microseconds=1), zone, at) == reset


@pytest.mark.parametrize("duration", ["", "1", "d", "0d", "-1d", "1y", "1.5d", "1 d", "weekly"])
def test_what_is_no_duration_is_refused(duration: str) -> None:
    with pytest.raises(NotADuration):
        next_reset(duration, SATURDAY)


def test_the_settings_make_a_calendar() -> None:
    calendar = Calendar.of("Europe/Berlin", "06:30")
    assert calendar("1d", SATURDAY) == datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
    assert Calendar.of("UTC", "00:00") == Calendar()
    assert Calendar.of("UTC", "6:05:07").at == time(6, 5, 7)
    assert Calendar.of("UTC", "23:59").at == time(23, 59)


@pytest.mark.parametrize(
    ("zone", "at"),
    [("Mars/Base", "00:00"), ("../etc", "00:00"), ("", "00:00")]
    + [("UTC", at) for at in ("25:00", "noon", "390", "06", "06:60", "06:30Z")],
)
def test_settings_that_are_wrong_are_refused(zone: str, at: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        Calendar.of(zone, at)


@pytest.mark.parametrize(
    ("duration", "began"),
    [
        ("1d", datetime(2026, 11, 21)),
        ("7d", datetime(2026, 11, 16)),
        ("30d", datetime(2026, 11, 1)),
        ("1mo", datetime(2026, 11, 1)),
        ("6h", datetime(2026, 11, 21, 18)),
        ("15m", datetime(2026, 11, 21, 21, 30)),
        ("3d", datetime(2026, 11, 21)),
        ("2mo", datetime(2026, 11, 1)),
    ],
)
def test_a_period_began_at_the_boundary_before(duration: str, began: datetime) -> None:
    assert last_reset(duration, SATURDAY) == began.replace(tzinfo=UTC)


def test_a_month_that_nobody_looked_at_is_passed_over() -> None:
    ended = datetime(2026, 2, 1, tzinfo=UTC)
    assert turned("1mo", ended, SATURDAY) == (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


def test_three_days_are_counted_from_where_they_ended() -> None:
    ended = datetime(2026, 11, 10, tzinfo=UTC)
    assert turned("3d", ended, SATURDAY) == (datetime(2026, 11, 19, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC))


def test_a_period_that_ended_in_the_year_one_costs_no_time() -> None:
    begun, end = turned("2d", datetime(1, 1, 2, tzinfo=UTC), SATURDAY)
    assert begun <= SATURDAY < end <= begun + timedelta(days=2)


@given(durations, moments, zones, times, st.timedeltas(timedelta(0), timedelta(days=100)))
def test_the_next_period_holds_now_and_begins_no_sooner_than_the_last_one_ended(
    duration: str, ended: datetime, zone: ZoneInfo, at: time, later: timedelta
) -> None:
    begun, end = turned(duration, ended, ended + later, zone, at)
    assert ended <= begun <= ended + later < end


@given(st.sampled_from(["1d", "2d", "7d", "1mo", "3mo", "6h", "30m"]), moments, times, st.floats(0, 1))
def test_who_looks_later_in_a_period_is_told_the_same(duration: str, ended: datetime, at: time, part: float) -> None:
    begun, end = turned(duration, ended, ended + timedelta(days=45), BERLIN, at)
    assert turned(duration, ended, begun + (end - begun) * part * 0.999, BERLIN, at) == (begun, end)
