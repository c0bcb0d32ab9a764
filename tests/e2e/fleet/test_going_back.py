"""A version that a replica cannot apply, or that fails where it is tried: the whole fleet is on the last good one."""

from __future__ import annotations

import asyncio

from tests.support.rolling.documents import failing, going_out, lacking
from tests.support.rolling.figures import Record, measured
from tests.support.rolling.settings import LACKS_IT, SOME_HAVE
from tests.support.rolling.standing import standing
from tests.support.rolling.witness import failed, mark, mixed
from tests.support.rolling.world import World

RATE = 80.0
QUICK = going_out(settle_s=1)
ATTEMPTS = 6
"""Whoever lacks something may be the one that is asked before anything moves; then it is another one's turn."""


async def test_one_replica_cannot_apply(world: World) -> None:
    async with standing(world, RATE, **QUICK) as stood:
        moved = False
        for _ in range(ATTEMPTS):
            document = lacking(world.document(next(world.numbers), **QUICK), SOME_HAVE)
            await asyncio.to_thread(world.put, document)
            answer = await asyncio.to_thread(world.api.reload)
            assert answer["status"] == "failed", answer
            status = await asyncio.to_thread(world.api.until_all)
            await asyncio.to_thread(world.api.until_wrong, [SOME_HAVE])
            moved = moved or LACKS_IT in status["refused"][0]["reason"]
            if moved:
                break
        assert moved
        await stood.all_at(stood.number)
        stood.nothing_lost()
        versions = await asyncio.to_thread(world.api.ask, "GET", "/config/versions")
        assert any(one["state"] == "rolled_back" and LACKS_IT in one["reason"] for one in versions["versions"])


async def test_a_canary_fails_more_often(world: World, record_property: Record) -> None:
    """What fails, fails at the canary alone, and only until it is taken back."""
    canary = {"replicas": 1, "observe_s": 20}
    rules = going_out(canary=canary, max_error_rate=0.05, min_requests=20, settle_s=1)
    async with standing(world, RATE, **QUICK) as stood:
        await asyncio.to_thread(world.api.until, lambda one: one["rollout"]["phase"] == "idle")
        await asyncio.to_thread(world.put, failing(world.document(next(world.numbers), **rules)))
        await asyncio.to_thread(world.api.until_wrong, ["requests failed"], 40)
        await asyncio.to_thread(world.api.until_all)
        back = await stood.all_at(stood.number)
        await asyncio.sleep(1)
        lost = failed(stood.traffic.answers)
        seconds = round(lost[-1].ended - lost[0].begun, 1)
        measured(record_property, "requests that failed at the canary, and for how many seconds", (len(lost), seconds))
        assert len({one.gateway for one in lost}) == 1
        assert failed(stood.traffic.since(back)) == []
        assert mixed(stood.traffic.answers) == []
        assert {mark(one) for one in stood.traffic.since(stood.since) if one.status == 200} == {stood.number}
