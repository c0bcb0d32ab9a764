"""Lines as those of the log."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from structlog.testing import capture_logs

from routeiq.kit import log
from routeiq.kit.access_log import AccessLog, Line


class Done(Line, tag="request.done"):
    status: int
    model: str = ""


def line(status: int, model: str = "") -> Done:
    return Done(status, model, service="gateway", timestamp=datetime.now(UTC))


@pytest.fixture
def plain() -> None:
    log.configure(service="gateway")
    structlog.configure(cache_logger_on_first_use=False)


@pytest.mark.usefixtures("plain")
def test_lines_look_like_the_logs() -> None:
    stream = io.StringIO()
    AccessLog(stream).write([line(200, "größer\n"), line(201)])
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
        AccessLog().write([line(200)])
    assert logs == [{"event": "request.done", "status": 200, "model": "", "log_level": "info"}]


@pytest.mark.usefixtures("plain")
def test_where_less_is_logged_there_are_none() -> None:
    log.set_level("warning")
    stream = io.StringIO()
    AccessLog(stream).write([line(200)])
    assert stream.getvalue() == ""
