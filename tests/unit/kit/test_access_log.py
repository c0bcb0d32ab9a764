"""Lines as those of the log, written a moment later."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from structlog.testing import capture_logs

from routeiq.kit import log
from routeiq.kit.access_log import FLUSH_S, MOST_LINES, AccessLog, Line


class Done(Line, tag="request.done"):
    status: int
    model: str = ""


def line(status: int, model: str = "") -> Done:
    return Done(status, model, service="gateway", timestamp=datetime.now(UTC))


@pytest.fixture
def plain() -> None:
    log.configure(service="gateway")


@pytest.mark.usefixtures("plain")
async def test_a_line_looks_like_the_logs_and_comes_soon() -> None:
    stream = io.StringIO()
    AccessLog(stream).write(line(200, "größer\n"))
    assert stream.getvalue() == ""
    await asyncio.sleep(FLUSH_S * 3)
    written = json.loads(stream.getvalue())
    assert (written["event"], written["service"], written["level"], written["status"]) == (
        "request.done",
        "gateway",
        "info",
        200,
    )
    assert written["model"] == "größer\n"
    assert written["timestamp"].endswith("Z")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(written["timestamp"])) < timedelta(minutes=1)
    assert stream.getvalue().count("\n") == 1


@pytest.mark.usefixtures("plain")
async def test_many_lines_do_not_wait() -> None:
    stream = io.StringIO()
    access = AccessLog(stream)
    for number in range(MOST_LINES + 1):
        access.write(line(number))
    assert stream.getvalue().count("\n") == MOST_LINES
    access.flush()
    access.flush()
    assert stream.getvalue().count("\n") == MOST_LINES + 1


def test_a_log_for_people_is_structlogs() -> None:
    structlog.reset_defaults()
    with capture_logs() as logs:
        AccessLog().write(line(200))
    assert logs == [{"event": "request.done", "status": 200, "model": "", "log_level": "info"}]
