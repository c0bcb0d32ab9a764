"""Jobs go on, whatever one time of them meets."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from routeiq.kit.errors import Unavailable
from routeiq.kit.jobs import repeat


async def test_what_one_time_raises_does_not_end_it() -> None:
    met: list[Exception | None] = [Unavailable("away"), ValueError("a fault"), None]

    async def work() -> None:
        found = met.pop(0)
        if found is not None:
            raise found
        raise asyncio.CancelledError

    with capture_logs() as said, pytest.raises(asyncio.CancelledError):
        await repeat(work, 0, "work.failed")
    assert [(one["event"], one["log_level"]) for one in said] == [("work.failed", "warning"), ("work.failed", "error")]
    assert said[0]["reason"] == Unavailable.code
