"""Lines as those of the log."""

from __future__ import annotations

import io
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from routeiq.kit import log
from routeiq.kit.access_log import AccessLog, json_text
from routeiq.kit.stamps import Stamps


def line(log: AccessLog, status: int, model: str = "") -> str:
    begun = log.begin("request.done", {"status": status})
    return f'{begun},"model":{json_text(model)},"timestamp":"{Stamps().write(time.time_ns())}"}}'


@pytest.fixture
def plain() -> None:
    log.configure(service="gateway")
    structlog.configure(cache_logger_on_first_use=False)


@pytest.mark.usefixtures("plain")
def test_lines_look_like_the_logs() -> None:
    stream = io.StringIO()
    ours = AccessLog(stream)
    ours.write([line(ours, 200, "größer\n"), line(ours, 201)])
    first, second = (json.loads(one) for one in stream.getvalue().splitlines())
    assert (first["event"], first["service"], first["level"], first["status"]) == (
        "request.done",
        "gateway",
        "info",
        200,
    )
    assert (first["model"], first["status"], second["status"]) == ("größer\n", 200, 201)
    assert first["timestamp"].endswith("Z")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(first["timestamp"])) < timedelta(minutes=1)


def test_a_log_for_people_is_structlogs() -> None:
    structlog.reset_defaults()
    log.set_level("info")
    with capture_logs() as logs:
        ours = AccessLog()
        ours.write([line(ours, 200)])
    assert logs == [{"event": "request.done", "status": 200, "model": "", "log_level": "info"}]


@pytest.mark.usefixtures("plain")
def test_where_less_is_logged_there_are_none() -> None:
    log.set_level("warning")
    stream = io.StringIO()
    ours = AccessLog(stream)
    ours.write([line(ours, 200)])
    assert stream.getvalue() == ""


@given(st.lists(st.integers(0, 4_000_000_000_000_000), min_size=1))
def test_a_stamp_is_the_time_to_the_microsecond(times_us: list[int]) -> None:
    stamps, epoch = Stamps(), datetime(1970, 1, 1, tzinfo=UTC)
    for now_us in [*times_us, times_us[-1] + 1]:
        written = stamps.write(now_us * 1000 + 999)
        assert written == f"{epoch + timedelta(microseconds=now_us):%Y-%m-%dT%H:%M:%S.%f}Z"
