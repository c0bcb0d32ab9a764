"""How many may run, and how they end when the gateway must go."""

from __future__ import annotations

import asyncio

import pytest

from routeiq.gateway.pipeline.gate import Gate, Overloaded, ShuttingDown


async def inside(gate: Gate, entered: asyncio.Event) -> None:
    with gate.entered():
        entered.set()
        await asyncio.sleep(60)


async def started(gate: Gate) -> asyncio.Task[None]:
    entered = asyncio.Event()
    task = asyncio.create_task(inside(gate, entered))
    await entered.wait()
    return task


async def test_one_more_than_the_limit_is_refused_until_one_ends() -> None:
    gate = Gate(1)
    first = await started(gate)
    with pytest.raises(Overloaded) as refused:
        await inside(gate, asyncio.Event())
    assert (refused.value.status, refused.value.retry_after_s, gate.inside) == (503, 1, 1)
    first.cancel()
    await asyncio.wait([first])
    with gate.entered():
        assert gate.inside == 1
    assert gate.inside == 0


async def test_no_limit_lets_all_in() -> None:
    gate = Gate()
    tasks = [await started(gate) for _ in range(50)]
    assert gate.inside == 50
    gate.cut()
    assert {type(one) for one in await asyncio.gather(*tasks, return_exceptions=True)} == {ShuttingDown}
    assert gate.inside == 0


async def test_another_cancellation_stays_one() -> None:
    gate = Gate()
    task = await started(gate)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
