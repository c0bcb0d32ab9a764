"""Who is cancelled is cancelled, also where what it waits for forgets it."""

from __future__ import annotations

import asyncio

import pytest

from routeiq.kit.cancellation import heeding


async def forgetful(error: Exception | None = None) -> str:
    """As `asyncio.wait_for` does if the answer comes at the moment of the cancellation."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        if error is not None:
            raise error from None
    return "answer"


@pytest.mark.parametrize("error", [None, ValueError("failed")])
async def test_a_cancellation_that_was_forgotten_is_not(error: Exception | None) -> None:
    task = asyncio.create_task(heeding(forgetful(error)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_what_is_done_after_a_cancellation_is_done() -> None:
    done: list[str] = []

    async def answer() -> str:
        await asyncio.sleep(0)
        return "answer"

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            done.append(await heeding(answer()))

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert (task.cancelled(), done) == (True, ["answer"])


async def test_a_time_limit_is_kept() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await heeding(forgetful())
