"""Coarse timers: late by a tick at the most, and gone when cancelled."""

from __future__ import annotations

import asyncio

import pytest

from routeiq.kit.ticker import TICK_S, Alarm, Ticker, Within


async def test_an_alarm_goes_off_once_and_a_cancelled_one_never() -> None:
    ticker, heard = Ticker(), []
    ticker.later(0.0, lambda: heard.append("a"))
    ticker.later(0.0, lambda: heard.append("b")).cancel()
    late = ticker.later(60.0, lambda: heard.append("c"))
    await asyncio.sleep(TICK_S * 4)
    assert heard == ["a"]
    late.cancel()
    late.cancel()
    await asyncio.sleep(TICK_S * 4)
    assert not ticker._ticking
    ticker.later(0.0, lambda: heard.append("d"))
    await asyncio.sleep(TICK_S * 4)
    assert heard == ["a", "d"]


async def test_an_alarm_may_set_and_cancel_others() -> None:
    ticker, heard = Ticker(), []
    ticker.later(0.0, lambda: ticker.later(0.0, lambda: heard.append("second")) and None)
    await asyncio.sleep(TICK_S * 6)
    assert heard == ["second"]


async def test_a_body_that_takes_too_long_is_a_time_out() -> None:
    with pytest.raises(TimeoutError), Within(Ticker(), 0.01):
        await asyncio.sleep(60)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_body_in_time_is_left_alone() -> None:
    ticker = Ticker()
    with Within(ticker, 0.05):
        await asyncio.sleep(0)
    await asyncio.sleep(0.1)
    with pytest.raises(ValueError, match="own"), Within(ticker, 60):
        raise ValueError("own")


async def test_a_cancellation_from_outside_stays_one() -> None:
    async def work() -> None:
        with Within(Ticker(), 60):
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_alarm_that_another_cancels_in_the_same_tick_stays_silent() -> None:
    ticker, alarms, heard = Ticker(), list[Alarm](), list[str]()

    def cancel_all() -> None:
        heard.append("one of them")
        for alarm in alarms:
            alarm.cancel()

    alarms += [ticker.later(0.0, cancel_all), ticker.later(0.0, cancel_all)]
    await asyncio.sleep(TICK_S * 4)
    assert heard == ["one of them"]


async def test_an_alarm_that_fails_stops_no_other() -> None:
    ticker, heard, failed = Ticker(), [], []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context["exception"]))
    for number in range(5):
        ticker.later(0.0, lambda number=number: heard.append(number // 0 if number == 2 else number))  # type: ignore[misc]
    await asyncio.sleep(TICK_S * 6)
    ticker.later(0.0, lambda: heard.append(5))
    await asyncio.sleep(TICK_S * 6)
    assert sorted(heard) == [0, 1, 3, 4, 5]
    assert [type(error) for error in failed] == [ZeroDivisionError]
