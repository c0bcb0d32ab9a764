"""The object changes again and again under load: every replica follows, no request fails, none sees two versions.

RELEASES (8): how often."""

from __future__ import annotations

import asyncio
import os
import time
from typing import NamedTuple

import pytest

from tests.support.rolling.figures import Record, measured
from tests.support.rolling.traffic import Traffic
from tests.support.rolling.witness import failed, mark, mixed, quantile, versions, went_back
from tests.support.rolling.world import World

RELEASES = int(os.environ.get("RELEASES") or 8)
RATE = 200.0
GENEROUS_S = 45.0
"""The goal is 2 s; a machine that does other things besides is not what this is about."""


@pytest.mark.timeout(600 + RELEASES * 12)
async def test_every_replica_follows(world: World, record_property: Record) -> None:
    await asyncio.to_thread(world.publish)
    await asyncio.to_thread(world.api.until_all)
    traffic = world.traffic(RATE)
    async with traffic.flowing():
        releases = [await _release(world, traffic) for _ in range(RELEASES)]
    named = versions(traffic.answers)
    for name, values in (("gateways", [one.gateways_s for one in releases]), ("all", [one.all_s for one in releases])):
        figures = {share: round(quantile(values, share / 100), 3) for share in (50, 99)}
        measured(record_property, f"{RELEASES} releases, quantiles of the seconds until {name} had it", figures)
    measured(record_property, "requests meanwhile", len(traffic.answers))
    assert max(one.all_s for one in releases) < GENEROUS_S
    assert failed(traffic.answers) == []
    assert mixed(traffic.answers) == []
    assert went_back(traffic.answers) == []
    assert [named[one.number] for one in releases] == [{f"{one.version}.s0"} for one in releases]


class Release(NamedTuple):
    """Seconds since the object was put until each gateway answered by it, and until each replica was said to.
    `version`: as the status names it."""

    number: int
    gateways_s: float
    all_s: float
    version: str


async def _release(world: World, traffic: Traffic) -> Release:
    number, begun = next(world.numbers), time.monotonic()
    publishing = asyncio.create_task(asyncio.to_thread(world.publish, number))
    gateways = await traffic.until(lambda answer: mark(answer) == number)
    await publishing
    status = await asyncio.to_thread(world.api.until_all)
    return Release(number, gateways - begun, time.monotonic() - begun, status["version"])
