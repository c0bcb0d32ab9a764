"""A key ends by the clock and by a block, also while control is away, and no refusal tells it."""

from __future__ import annotations

import json
import time

from tests.integration.callers.conftest import VIRTUAL, house
from tests.support.fake_control import FakeControl


async def test_an_expired_key_ends_by_the_clock_although_it_is_known(control: FakeControl) -> None:
    control.rows.add(VIRTUAL, expires_at=int(time.time()) + 30)
    async with house(control) as one:
        assert (await one.chat()).status_code == 200
        one.callers._now = lambda: time.time() + 31
        one.clock.at += 31
        answer = await one.chat()
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (401, "expired_key", "401")
    assert error["message"].startswith("Authentication Error - Expired Key. Key Expiry time 20")
    assert len(control.asked) == 1


async def test_expiry_and_block_hold_without_control(control: FakeControl) -> None:
    control.rows.add(VIRTUAL, expires_at=int(time.time()) + 30)
    control.rows.add("sk-a-blocked-key-of-tests", blocked=True)
    async with house(control) as one:
        await one.chat()
        assert (await one.chat("sk-a-blocked-key-of-tests")).status_code == 401
        await control.kill()
        one.callers._now = lambda: time.time() + 31
        one.clock.at += 3600
        assert (await one.chat()).json()["error"]["type"] == "expired_key"
        blocked = (await one.chat("sk-a-blocked-key-of-tests")).json()["error"]
        assert (blocked["type"], blocked["code"]) == ("auth_error", "401")
        assert blocked["message"] == "Key is blocked. Update via `/key/unblock` if you're an admin."


async def test_a_refusal_says_nothing_of_the_key(control: FakeControl) -> None:
    control.rows.add(VIRTUAL, models=["small"])
    async with house(control) as one:
        texts = [await one.chat(model="large"), await one.chat("sk-unknown-to-anybody-here")]
    for answer in texts:
        assert VIRTUAL not in answer.text
        assert "unknown-to" not in json.dumps(dict(answer.headers)) + answer.text
