"""Work that is done beside requests, whatever becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import NoReturn

import structlog

from routeiq.kit.errors import RouteIQError

log = structlog.get_logger()

Job = Callable[[], Awaitable[object]]

AGAIN_S = 1.0
"""After a job that ended, which none does by itself."""


async def repeat(work: Job, every_s: float, failed: str) -> NoReturn:
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


async def keep_up(job: Job, failed: str) -> NoReturn:
    """Run what has no end of its own until it is cancelled: where it ended all the same, it begins anew."""
    await repeat(job, AGAIN_S, failed)


@asynccontextmanager
async def beside(name: str, *works: Coroutine[None, None, object]) -> AsyncIterator[None]:
    """They run while the block does; behind it they are cancelled, and have ended. Args: name: of their tasks."""
    tasks = [asyncio.create_task(work, name=f"{name}-{number}") for number, work in enumerate(works)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
