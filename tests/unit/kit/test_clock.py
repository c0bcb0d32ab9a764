"""Instants and durations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from routeiq.kit.clock import NotADuration, duration_of, now

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("30s", START + timedelta(seconds=30)),
        ("30m", START + timedelta(minutes=30)),
        ("30h", START + timedelta(hours=30)),
        ("30d", START + timedelta(days=30)),
        ("1w", START + timedelta(days=7)),
        ("1mo", datetime(2026, 2, 28, 12, 0, tzinfo=UTC)),
        ("25mo", datetime(2028, 2, 29, 12, 0, tzinfo=UTC)),
        ("11mo", datetime(2026, 12, 31, 12, 0, tzinfo=UTC)),
    ],
)
def test_a_duration_ends(text: str, end: datetime) -> None:
    duration = duration_of(text)
    assert (duration.after(START), str(duration)) == (end, text)


@pytest.mark.parametrize("text", ["", "0s", "-1d", "-1", "1", "d", "1y", "1.5d", " 1d", "1d ", "1D", "9999999mo", "٣d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(NotADuration):
        duration_of(text)


def test_the_present_is_in_utc() -> None:
    assert now().tzinfo is UTC
