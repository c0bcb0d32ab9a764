"""A budget that begins anew is asked for before anybody is judged by it."""

from __future__ import annotations

import time

from routeiq.api.control.v1 import control_pb2 as pb
from tests.integration.callers.conftest import VIRTUAL, House, house
from tests.support.fake_control import FakeControl


def begin(control: FakeControl) -> None:
    reset_at = int(time.time()) + 10
    control.rows.add(VIRTUAL, budget=pb.Budget(max_nano_usd=1, duration="1d", reset_at=reset_at))


def pass_s(one: House, seconds: float) -> None:
    at = time.time() + seconds
    one.callers._now = lambda: at
    one.clock.at += seconds


async def test_a_caller_is_resolved_again_when_a_period_is_over(control: FakeControl) -> None:
    begin(control)
    async with house(control) as one:
        assert (await one.chat()).status_code == 200
        pass_s(one, 5)
        assert (await one.chat()).status_code == 200
        assert len(control.asked) == 1
        pass_s(one, 6)
        assert (await one.chat()).status_code == 200
    assert len(control.asked) == 2


async def test_without_control_the_old_answer_holds(control: FakeControl) -> None:
    begin(control)
    async with house(control) as one:
        assert (await one.chat()).status_code == 200
        await control.kill()
        pass_s(one, 11)
        assert (await one.chat()).status_code == 200
    assert len(control.asked) == 1


async def test_a_control_whose_clock_is_behind_is_not_asked_by_every_request(control: FakeControl) -> None:
    begin(control)
    async with house(control) as one:
        await one.chat()
        pass_s(one, 11)
        for _ in range(5):
            assert (await one.chat()).status_code == 200
    assert len(control.asked) == 2
