"""Patience with a busy machine: what must come is waited for, however slow the machine is.

A test that asserts how soon something comes counts events, or makes what must not be waited for longer than this."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

PATIENCE_S = 60.0
LONGER_S = 2 * PATIENCE_S
"""For a product's own time-out that a test is not to meet: who waited for it would be found out."""
START_S = 2 * PATIENCE_S
"""Of a process or a server, to start or to end."""
POLL_S = 0.01


async def until(fact: Callable[[], bool | Awaitable[bool]]) -> None:
    """Raises: AssertionError: it never was so."""
    limit = asyncio.timeout(PATIENCE_S)
    try:
        async with limit:
            while not await _so(fact):
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        if not limit.expired():
            raise
        raise AssertionError(_never(fact)) from None


def wait_until(fact: Callable[[], bool]) -> None:
    """`until` for who has no loop."""
    end = time.monotonic() + PATIENCE_S
    while not fact():
        if time.monotonic() > end:
            raise AssertionError(_never(fact))
        time.sleep(POLL_S)


async def _so(fact: Callable[[], bool | Awaitable[bool]]) -> bool:
    found = fact()
    return await found if isinstance(found, Awaitable) else found


def _never(fact: Callable[[], object]) -> str:
    words = repr(fact)
    with suppress(OSError, TypeError):
        words = inspect.getsource(fact).strip()
    return f"in {PATIENCE_S:.0f} s never: {words}"
