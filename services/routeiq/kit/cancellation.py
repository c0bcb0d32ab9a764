"""Whoever is cancelled ends, whatever it waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def heeding(work: Awaitable[T]) -> T:
    """What `work` gives, unless the task is cancelled meanwhile: nats-py and redis-py wait by `asyncio.wait_for`, which
    before Python 3.12 forgets that if the answer comes at the same moment. Who works in a loop would then never end."""
    task = asyncio.current_task()
    assert task is not None, "called outside a task"
    before = task.cancelling()
    try:
        return await work
    finally:
        if task.cancelling() > before:
            raise asyncio.CancelledError
