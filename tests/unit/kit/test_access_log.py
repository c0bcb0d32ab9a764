"""Lines as those of the log, written a moment later."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import structlog
from structlog.testing import capture_logs

from routeiq.kit import log
from routeiq.kit.access_log import FLUSH_S, MOST_LINES, AccessLog


class Line(msgspec.Struct):
    status: int
    model: str = ""


@pytest.fixture
def plain() -> None:
    log.configure(service="gateway")


@pytest.mark.usefixtures("plain")
async def test_a_line_looks_like_the_logs_and_comes_soon() -> None:
    stream = io.StringIO()
    AccessLog(stream).write("request.done", Line(200, "größer\n"))
    assert stream.getvalue() == ""
    await asyncio.sleep(FLUSH_S * 3)
    line = json.loads(stream.getvalue())
    assert (line["event"], line["service"], line["level"], line["status"]) == ("request.done", "gateway", "info", 200)
    assert line["model"] == "größer\n"
    written = datetime.fromisoformat(line["timestamp"])
    assert line["timestamp"].endswith("Z")
    assert abs(datetime.now(UTC) - written) < timedelta(minutes=1)
    assert stream.getvalue().count("\n") == 1


@pytest.mark.usefixtures("plain")
async def test_many_lines_do_not_wait() -> None:
    stream = io.StringIO()
    access = AccessLog(stream)
    for number in range(MOST_LINES + 1):
        access.write("request.done", Line(number))
    assert stream.getvalue().count("\n") == MOST_LINES
    access.flush()
    access.flush()
    assert stream.getvalue().count("\n") == MOST_LINES + 1


def test_a_log_for_people_is_structlogs() -> None:
    structlog.reset_defaults()
    with capture_logs() as logs:
        AccessLog().write("request.done", Line(200))
    assert logs == [{"event": "request.done", "status": 200, "model": "", "log_level": "info"}]
