"""A fleet that has just been brought to a version, under load, and must not leave it, or must arrive at another one."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from tests.support.rolling.traffic import Traffic
from tests.support.rolling.witness import failed, mark, mixed
from tests.support.rolling.world import World
from tests.support.waiting import PATIENCE_S


@dataclass
class Stood:
    """`number`: of the document that every gateway served at `since`."""

    traffic: Traffic
    number: int
    since: float

    def still(self) -> None:
        """Every answer since was by that one."""
        self.nothing_lost()
        assert {mark(one) for one in self.traffic.since(self.since)} == {self.number}

    def nothing_lost(self) -> None:
        """No request failed, and each was served by one version."""
        lost = failed(self.traffic.answers)
        assert not lost, (len(lost), lost[:2])
        assert mixed(self.traffic.answers) == []

    async def all_at(self, number: int, timeout_s: float = PATIENCE_S) -> float:
        """Until every gateway answers by this document. Returns: when, as `time.monotonic()`."""
        return await self.traffic.until(lambda answer: mark(answer) == number, timeout_s)


@contextlib.asynccontextmanager
async def standing(world: World, rate: float, **sections: object) -> AsyncIterator[Stood]:
    """Args: sections: of the document on which it stands."""
    number = await asyncio.to_thread(world.publish, **sections)
    await asyncio.to_thread(world.api.until_all)
    traffic = world.traffic(rate)
    async with traffic.flowing():
        await traffic.until(lambda answer: mark(answer) == number)
        yield Stood(traffic, number, time.monotonic())
