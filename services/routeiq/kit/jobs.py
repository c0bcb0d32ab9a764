"""Work that is done again and again beside requests, whatever becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

from routeiq.kit.errors import RouteIQError

log = structlog.get_logger()


async def repeat(work: Callable[[], Awaitable[object]], every_s: float, failed: str) -> NoReturn:
    """Until it is cancelled. Args: every_s: the pause behind each time.  failed: what the log says of a time that
    raised; the next one may do better."""
    while True:
        try:
            await work()
        except RouteIQError as error:
            log.warning(failed, reason=error.code)
        except Exception:  # the edge of the task
            log.exception(failed)
        await asyncio.sleep(every_s)
