"""Control is away for an hour, by the clock of the keys, and comes back; and nobody tells of a change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx

from tests.integration.callers.conftest import KEY, VIRTUAL, House, house
from tests.support.fake_control import FakeControl, changed
from tests.support.waiting import PATIENCE_S

BLOCKED = "sk-a-blocked-key-of-tests"
ENDING = "sk-that-ends-while-control-is-away"
WIDENED = "sk-that-may-do-more-afterwards"
STRANGER = "sk-never-seen-before-this"
COMING = "sk-made-while-control-is-away"


async def test_an_hour_without_control_and_after_it(control: FakeControl) -> None:
    for key, fields in ((VIRTUAL, {}), (BLOCKED, {"blocked": True}), (ENDING, {}), (WIDENED, {"models": ["small"]})):
        control.rows.add(key, **fields)
    async with house(control) as one:
        assert await _statuses(one) == [200, 401, 200, 403]
        await control.kill()
        for _ in range(12):
            one.clock.at += 300
            assert await _statuses(one) == [200, 401, 200, 403]
            _comes_again(await one.chat(STRANGER))
            assert (await one.chat(KEY)).status_code == 200
        del control.rows.keys[control.rows.add(ENDING)]
        control.rows.add(BLOCKED)
        control.rows.add(WIDENED)
        control.rows.add(COMING)
        await control.start()
        back_at = one.clock.at
        await _until(one, lambda: _is(one, COMING, 200))
        await _until(one, lambda: _is(one, ENDING, 401))
        await _until(one, lambda: _is(one, BLOCKED, 200))
        assert one.clock.at - back_at <= 1
        assert (await one.chat(WIDENED, "large")).status_code == 200
        assert (await one.chat(STRANGER)).status_code == 401


async def test_a_key_in_use_finds_out_by_itself_that_control_is_back(control: FakeControl) -> None:
    control.rows.add(VIRTUAL)
    async with house(control) as one:
        assert (await one.chat()).status_code == 200
        await control.kill()
        for _ in range(12):
            one.clock.at += 300
            assert (await one.chat()).status_code == 200
        control.rows.add(VIRTUAL, blocked=True)
        await control.start()
        await _until(one, lambda: _is(one, VIRTUAL, 401))
        assert "blocked" in (await one.chat()).json()["error"]["message"]


async def test_a_restart_in_that_hour_forgets_blocked_keys_but_lets_nobody_in(control: FakeControl) -> None:
    """Without Redis: what a gateway cannot know it does not guess."""
    control.rows.add(VIRTUAL)
    async with house(control) as one:
        assert (await one.chat()).status_code == 200
        await control.kill()
    async with house(control) as again:
        _comes_again(await again.chat())
        assert (await again.chat(KEY)).status_code == 200


async def test_untold_the_other_gateway_lets_a_revoked_key_in_for_its_time_at_most(control: FakeControl) -> None:
    control.rows.add(VIRTUAL)
    async with house(control) as one, house(control) as other:
        assert [(await each.chat()).status_code for each in (one, other)] == [200, 200]
        control.rows.keys.clear()
        one.callers.forget(changed(keys=[VIRTUAL]))
        assert (await one.chat()).status_code == 401
        other.clock.at += 44
        assert (await other.chat()).status_code == 200, "nobody has told it"
        other.clock.at += 16
        assert (await other.chat()).status_code == 401


async def _statuses(one: House) -> list[int]:
    asked = ((VIRTUAL, "small"), (BLOCKED, "small"), (ENDING, "small"), (WIDENED, "large"))
    return [(await one.chat(key, model)).status_code for key, model in asked]


def _comes_again(answer: httpx.Response) -> None:
    error = answer.json()["error"]
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert error.keys() == {"message", "type", "param", "code"}
    assert (error["type"], error["code"]) == ("service_unavailable", "key_unverified")


async def _is(one: House, key: str, status: int) -> bool:
    return (await one.chat(key)).status_code == status


async def _until(one: House, holds: Callable[[], Awaitable[bool]]) -> None:
    """The clock of the keys goes on with each attempt; gRPC takes what time it needs to connect again."""
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():
            one.clock.at += 0.005
            await asyncio.sleep(0.01)
