"""Work that several wait for is done once."""

from __future__ import annotations

import asyncio

import pytest

from routeiq.kit.shared import Shared


class Work:
    def __init__(self) -> None:
        self.begun = 0
        self.go = asyncio.Event()
        self.fails = False

    async def __call__(self) -> int:
        self.begun += 1
        await self.go.wait()
        if self.fails:
            raise ValueError("no")
        return self.begun


async def test_who_asks_meanwhile_has_the_same_and_who_asks_later_another() -> None:
    work = Work()
    shared = Shared(work)
    waiting = [asyncio.create_task(shared.get()) for _ in range(3)]
    await asyncio.sleep(0)
    work.go.set()
    assert await asyncio.gather(*waiting) == [1, 1, 1]
    assert await shared.get() == 2


async def test_who_leaves_does_not_end_it() -> None:
    work = Work()
    shared = Shared(work)
    leaves, stays = (asyncio.create_task(shared.get()) for _ in range(2))
    await asyncio.sleep(0)
    leaves.cancel()
    work.go.set()
    assert await stays == 1
    assert leaves.cancelled()


async def test_a_failure_is_everybodys_and_is_not_kept() -> None:
    work = Work()
    shared, work.fails = Shared(work), True
    work.go.set()
    for said in await asyncio.gather(shared.get(), shared.get(), return_exceptions=True):
        assert isinstance(said, ValueError)
    work.fails = False
    assert await shared.get() == 2


@pytest.mark.filterwarnings("error")
async def test_a_failure_that_nobody_waits_for_is_no_news() -> None:
    work = Work()
    shared, work.fails = Shared(work), True
    asked = asyncio.create_task(shared.get())
    await asyncio.sleep(0)
    asked.cancel()
    work.go.set()
    await asyncio.sleep(0.01)
    assert await asyncio.gather(shared.get(), return_exceptions=True)
    assert work.begun == 2
