"""Work that waits for company, but not for long."""

from __future__ import annotations

import asyncio

from routeiq.kit.batch import MOST, WAIT_S, Batch


async def test_what_is_added_together_is_handled_together_and_soon() -> None:
    handled: list[list[int]] = []
    batch = Batch[int](handled.append)
    batch.add(1)
    batch.add(2)
    assert handled == []
    await asyncio.sleep(WAIT_S * 3)
    assert handled == [[1, 2]]
    batch.add(3)
    await asyncio.sleep(WAIT_S * 3)
    assert handled == [[1, 2], [3]]


async def test_many_do_not_wait() -> None:
    handled: list[list[int]] = []
    batch = Batch[int](handled.append)
    for number in range(MOST + 1):
        batch.add(number)
    assert [len(one) for one in handled] == [MOST]
    batch.flush()
    batch.flush()
    assert [len(one) for one in handled] == [MOST, 1]
